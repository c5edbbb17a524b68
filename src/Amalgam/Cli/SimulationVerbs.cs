using System.CommandLine;
using Amalgam.Catalogue.Checking;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Journal;
using Amalgam.Hosting;
using Amalgam.Simulation.Commands;
using Amalgam.Simulation.Journal;
using Amalgam.Simulation.Scenarios;
using Amalgam.Storage;
using Amalgam.Storage.Postgres;

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
        var rest = new Argument<string[]>("trace") { Arity = ArgumentArity.ZeroOrMore, Description = "openb, gavel, philly, shockwave or --journal, and its options (`amalgam simulate` alone lists them)" };
        var command = Verbs.Local("simulate", "a trace, or the cloud's own journal under other rules, through the allocator in virtual time", (parsed, _) =>
        {
            string[] words = [.. parsed.GetValue(rest) ?? [], .. parsed.UnmatchedTokens];
            return Task.FromResult(words is ["--journal", ..]
                ? JournalCommand.Run(words[1..], Journal, Console.Out, Console.Error)
                : SimulateCommand.Run(words, Console.Out, Console.Error));
        }, rest);
        command.TreatUnmatchedTokensAsErrors = false;
        return command;
    }

    private static IEnumerable<JournalRecord> Journal(string? file, string? data)
    {
        // A store's address may stand where a file's name does.
        var store = file is null ? StoreChoice.Of(data ?? Credentials.DefaultDataDirectory, null)
            : PostgresAddress.Is(file) ? StoreChoice.Postgres(file)
            : new SqliteStore(Path.GetFullPath(file));
        try
        {
            return store.HoldsCloud() ? Checked(store.Read())
                : throw new CommandException(file is not null || store is PostgresStore ? $"there is no journal {store.Name}" : $"there is no cloud in {Path.GetDirectoryName(store.Name)}: give its --data directory");
        }
        catch (JournalException wrong)
        {
            throw new CommandException(wrong.Message);
        }
    }

    /// <summary>What is wrong with a journal is one line for a person.</summary>
    private static IEnumerable<JournalRecord> Checked(IEnumerable<JournalRecord> records)
    {
        using var each = records.GetEnumerator();
        while (true)
        {
            try
            {
                if (!each.MoveNext())
                {
                    yield break;
                }
            }
            catch (JournalException wrong)
            {
                throw new CommandException(wrong.Message.ReplaceLineEndings(" "));
            }

            yield return each.Current;
        }
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
