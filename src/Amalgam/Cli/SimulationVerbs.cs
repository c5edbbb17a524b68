using System.CommandLine;
using Amalgam.Catalogue.Checking;
using Amalgam.Hosting;
using Amalgam.Simulation.Commands;
using Amalgam.Simulation.Scenarios;

namespace Amalgam.Cli;

/// <summary>`scenario run`, `simulate`, `catalogue test`: what needs no cloud.</summary>
internal static class SimulationVerbs
{
    private static readonly Option<bool> AsJson = Verbs.Json();

    public static Command Scenario()
    {
        var files = new Argument<string[]>("files") { Arity = ArgumentArity.OneOrMore, Description = "scenario files (JSON)" };
        return Verbs.Group("scenario", "the allocator in virtual time, one situation a file", Verbs.Local("run", "run scenarios through the allocator that runs the cloud", (parsed, _) =>
            Task.FromResult(ScenarioCommand.Run(parsed.GetValue(files)!, parsed.GetValue(AsJson), Console.Out, Console.Error)), files, AsJson));
    }

    /// <summary>The options of each trace are its own, so they are read there.</summary>
    public static Command Simulate()
    {
        var rest = new Argument<string[]>("trace") { Arity = ArgumentArity.ZeroOrMore, Description = "openb, gavel, philly or shockwave, and its options (`amalgam simulate` alone lists them)" };
        var command = Verbs.Local("simulate", "a trace through the allocator in virtual time", (parsed, _) =>
            Task.FromResult(SimulateCommand.Run([.. parsed.GetValue(rest) ?? [], .. parsed.UnmatchedTokens], Console.Out, Console.Error)), rest);
        command.TreatUnmatchedTokensAsErrors = false;
        return command;
    }

    public static Command CatalogueTest()
    {
        var file = new Argument<string>("file") { Description = "a chips or runtime file (YAML)" };
        return Verbs.Group("catalogue", "chips, runtimes and recipes as data", Verbs.Local("test", "say whether an entry is sound", (parsed, _) =>
        {
            var path = parsed.GetValue(file)!;
            if (!File.Exists(path))
            {
                throw new CommandException($"there is no file {path}");
            }

            var problems = CatalogueCheck.Run(File.ReadAllText(path), path);
            foreach (var problem in problems)
            {
                Console.Error.WriteLine(problem);
            }

            if (problems.Count == 0)
            {
                Console.WriteLine($"{path} is sound");
            }

            return Task.FromResult(problems.Count == 0 ? 0 : 1);
        }, file));
    }
}
