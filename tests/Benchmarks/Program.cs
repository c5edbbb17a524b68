using Amalgam.Benchmarks.Simulation;
using Amalgam.Simulation.Commands;
using Amalgam.Simulation.Scenarios;

if (args is ["simulate", .. var rest])
{
    return SimulateCommand.Run(rest, Console.Out, Console.Error);
}
if (args is ["scenario", .. var files])
{
    return ScenarioCommand.Run(files, json: false, Console.Out, Console.Error);
}
if (args is ["targets", ..])
{
    return TargetSolverBenchmark.Run(Console.Out);
}
return 0;
