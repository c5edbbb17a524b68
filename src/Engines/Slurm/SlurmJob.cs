using System.Globalization;

namespace Amalgam.Engines.Slurm;

/// <summary>Whose job it is: written into the job's comment, so that a job is found again by whoever comes back after a crash.</summary>
/// <param name="Cloud">Random, one per data directory: several clouds may share an account.</param>
/// <param name="NodeName">Of the inventory, without the engine's prefix: `a1/nvidia-a100-80gb`.</param>
internal sealed record JobMark(string Cloud, string LeaseId, long Generation, int Devices, string NodeName)
{
    private const string Prefix = "amalgam";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}:{Cloud}:{LeaseId}:{Generation}:{Devices}:{NodeName}");

    public static JobMark? Parse(string comment) =>
        comment.Split(':', 6) is [Prefix, var cloud, var lease, var generation, var devices, var node]
        && long.TryParse(generation, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && int.TryParse(devices, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new JobMark(cloud, lease, number, count, node) : null;
}

/// <summary>One line of squeue about a job of ours.</summary>
/// <param name="State">Compact state of squeue(1), JOB STATE CODES: `PD`, `R`, `CG`, `CD`, …</param>
/// <param name="ExitStatus">As wait(2) gives it: code times 256, or the signal.</param>
internal sealed record SlurmJob(long Id, string State, string Reason, string Nodes, int ExitStatus, int Restarts, long EndUnixMs, JobMark Mark)
{
    /// <summary>For `squeue --Format`. The comment comes last: whoever's it is, it may hold anything.</summary>
    public const string Format = "JobID:|,StateCompact:|,NodeList:|,exit_code:|,RestartCnt:|,EndTime:|,Reason:|,Comment:|";

    public bool IsPending => State is "PD" or "RQ" or "RH" or "RF" or "SE" or "RS";

    /// <summary>Devices are its.</summary>
    public bool Holds => State is "R" or "CG" or "S" or "CF" or "SI" or "SO" or "ST";

    public bool IsOver => !IsPending && !Holds;

    /// <summary>Shell convention: 128 + signal.</summary>
    public int ExitCode => (ExitStatus & 127) != 0 ? 128 + (ExitStatus & 127) : ExitStatus >> 8;

    public static List<SlurmJob> Parse(string output, string cloud)
    {
        var jobs = new List<SlurmJob>();
        foreach (var line in output.Split('\n'))
        {
            if (line.Split('|', 8) is not [var id, var state, var nodes, var status, var restarts, var end, var reason, var comment]) continue;
            if (JobMark.Parse(comment.TrimEnd('|', ' ')) is not { } mark || mark.Cloud != cloud) continue;
            jobs.Add(new SlurmJob(Number(id), state, reason, nodes, (int)Number(status), (int)Number(restarts), Number(end) * 1000, mark));
        }

        return jobs;
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
