import { noKeepAlive } from "../../src/detect/no-keep-alive.ts";
import { detectorContract } from "./contract.ts";
import { keepAliveScenes } from "./scenes.ts";

detectorContract("no keep-alive", { detector: noKeepAlive, ...keepAliveScenes });
