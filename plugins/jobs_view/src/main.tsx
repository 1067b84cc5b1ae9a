/** Airflow loads this file as a module and then looks for the component under the name that the plugin declares. */
import { View } from "./View";

Reflect.set(globalThis, "ModelOps", View);
