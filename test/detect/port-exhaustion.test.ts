import { portExhaustion } from "../../src/detect/port-exhaustion.ts";
import { detectorContract } from "./contract.ts";
import { portScenes } from "./scenes.ts";

detectorContract("port exhaustion", { detector: portExhaustion, ...portScenes });
