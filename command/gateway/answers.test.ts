import { describeGatewayAnswers } from '../../test/contracts/gatewayAnswers.js';
import { simulatedGatewayWorld } from '../../test/simulation/simulatedGatewayWorld.js';

const world = simulatedGatewayWorld(1);

describeGatewayAnswers(
  'the pure gateway on a simulated chain',
  () => world,
  () => world.platform.trust,
);
