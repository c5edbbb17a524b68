using Amalgam.Benchmarks.Simulation;
using Amalgam.Simulation.Commands;
using Amalgam.Simulation.Scenarios;

return args switch
{
    ["simulate", .. var rest] => SimulateCommand.Run(rest, Console.Out, Console.Error),
    ["scenario", .. var files] => ScenarioCommand.Run(files, false, Console.Out, Console.Error),
    ["targets", ..] => TargetSolverBenchmark.Run(Console.Out),
    _ => 0,
};
