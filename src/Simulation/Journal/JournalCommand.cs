using Amalgam.Core.Journal;
using Amalgam.Simulation.Commands;

namespace Amalgam.Simulation.Journal;

/// <summary>
/// `amalgam simulate --journal [FILE] …`: without a change, whether every recorded decision comes out again; with `--set`, `--lose` or `--policy`, what
/// other rules would have done with the same demand.
/// </summary>
public static class JournalCommand
{
    private static readonly string[] Valued = ["--data", "--plot"];
    private const string WaitsFlag = "--waits";
    private static readonly string[] Repeated = ["--set", "--lose", "--policy"];

    /// <param name="args">What follows `simulate --journal`.</param>
    /// <param name="open">The records of a journal, by its file and its data directory as given; both null = the default cloud's.</param>
    /// <returns>0 done, 1 a file cannot be read or a decision differs, 2 wrong usage.</returns>
    public static int Run(string[] args, Func<string?, string?, IEnumerable<JournalRecord>> open, TextWriter output, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        try
        {
            return Run(args, open, output);
        }
        catch (UsageException wrong)
        {
            errors.WriteLine(wrong.Message);
            return 2;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(wrong.Message);
            return 1;
        }
    }

    private static int Run(string[] args, Func<string?, string?, IEnumerable<JournalRecord>> open, TextWriter output)
    {
        var file = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : null;
        var (settings, rest) = Changes(args.AsSpan(file is null ? 0 : 1));
        var options = SimulateOptions.Parse("--journal", rest, Valued, [WaitsFlag, .. Report.CommonFlags]);
        var (replay, demand) = Read(open(file, options.Has("--data") ? options.Text("--data") : null));
        if (settings.Count == 0 && !options.Has("--plot") && !options.Has(WaitsFlag))
        {
            ReplayReport.Write(replay, options, output);
            return replay.Differences.IsEmpty ? 0 : 1;
        }

        if (demand.Classes.IsEmpty)
        {
            throw new UsageException("simulate --journal: this journal says nothing about nodes yet, because an older version wrote it: run the cloud for a while, then ask again");
        }

        if (options.Has(WaitsFlag))
        {
            if (settings.Count > 0)
            {
                throw new UsageException("simulate --journal: --waits compares with what really happened; other rules (--set, --lose, --policy) have no such side");
            }

            WaitsReport.Of(demand).For(options).Write(output);
            return 0;
        }

        var whatIf = WhatIf.Run(demand, replay, settings);
        var report = WhatIfReport.Of(whatIf).For(options);
        if (report.AsJson || report.AsCsv)
        {
            report.Write(output);
            return 0;
        }

        if (report.PlotFile is not null)
        {
            File.WriteAllText(report.PlotFile, SvgPlot.Draw(report.Title, report.AxisX, report.AxisY, report.Series));
        }

        WhatIfReport.Write(whatIf, output);
        return 0;
    }

    private static (ReplayResult Replay, RecordedDemand Demand) Read(IEnumerable<JournalRecord> records)
    {
        var replay = new JournalReplay();
        var demand = new DemandReader();
        foreach (var record in records)
        {
            replay.Add(record);
            demand.Add(record, replay.State);
        }

        return (replay.Result, demand.Read(replay.State));
    }

    /// <summary>The options that may come more than once, in their order, and everything else.</summary>
    private static (List<RuleSetting> Settings, string[] Others) Changes(ReadOnlySpan<string> args)
    {
        var settings = new List<RuleSetting>();
        var rest = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (!Repeated.Contains(args[i]))
            {
                rest.Add(args[i]);
            }
            else if (i + 1 == args.Length)
            {
                throw new UsageException($"simulate --journal: {args[i]} needs a value");
            }
            else if (args[i] == "--policy")
            {
                settings.AddRange(PolicyFile.Read(args[++i]));
            }
            else
            {
                settings.Add(Setting(args[i], args[++i]));
            }
        }

        return (settings, [.. rest]);
    }

    private static RuleSetting Setting(string option, string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
        {
            throw new UsageException($"simulate --journal: {option} '{text}' is not like {(option == "--lose" ? "h100=30%" : "unit.lab.weight=3")}");
        }

        return new RuleSetting(option, option == "--lose" ? $"lose.{text[..at]}" : text[..at], text[(at + 1)..]);
    }
}
