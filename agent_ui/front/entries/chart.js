// Time series of the wallboard.
import uPlot from "uplot";

export default uPlot;
