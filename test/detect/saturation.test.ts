import { saturation } from "../../src/detect/saturation.ts";
import { detectorContract } from "./contract.ts";
import { saturationScenes } from "./scenes.ts";

detectorContract("saturation", { detector: saturation, ...saturationScenes });
