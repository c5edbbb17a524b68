using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>The translation of a launch into a batch job. Pure.</summary>
internal static class SlurmSubmission
{
    /// <summary>Arguments of sbatch. Nothing secret is among them: every account of the cluster may read them.</summary>
    public static List<string> Arguments(StartMember command, SlurmPart part, SlurmPartition partition, JobMark mark, MemberFolder folder, SlurmOptions options, string script)
    {
        var launch = command.Launch;
        var devices = launch.Devices.Count;
        var memory = Math.Max(launch.MemoryLimitMiB, part.MemoryEachMiB * devices);
        List<string> arguments =
        [
            "--parsable", $"--job-name={JobName(launch)}", $"--comment={mark}", $"--partition={partition.Name}", $"--nodelist={part.Node.Name}", "--nodes=1", "--ntasks=1",
            $"--cpus-per-task={part.CpusEach * devices}", $"--time={TimeLimit(launch.TimeLimit, partition)}", "--no-requeue", "--export=ALL", "--open-mode=append",
            $"--output={Literal(folder.StandardOutput)}", $"--error={Literal(folder.StandardError)}", $"--chdir={folder.Path}",
        ];
        if (memory > 0) arguments.Add($"--mem={memory}M");
        if (part.Gres is { } gres) arguments.Add($"--gres={gres.Request(devices)}");
        if (options.Account is { } account) arguments.Add($"--account={account}");
        return [.. arguments, script, folder.Path];
    }

    /// <summary>
    /// What the job reads when it begins: its environment and its command, in the words of sh, in a file that only its user can read. `{port}` becomes the
    /// port that is free where it runs.
    /// </summary>
    public static string LaunchFile(StartMember command, SlurmPart part, MemberFolder folder, SlurmOptions options)
    {
        var launch = command.Launch;
        var text = new StringBuilder();
        void Export(string name, string value) => text.Append("export ").Append(name).Append('=').Append(Quote(value)).Append('\n');
        foreach (var name in options.InheritedVariables)
            if (Environment.GetEnvironmentVariable(name) is { } value)
                Export(name, value);
        // Slurm chooses the devices, so what the launch says of them is not so.
        var chosen = launch.DeviceVariables;
        foreach (var (name, value) in launch.Environment.Where(pair => chosen?.Names.Contains(pair.Key) != true)) Export(name, value);
        Export(MemberLaunching.LeaseVariable, command.LeaseId);
        Export("AMALGAM_ADDRESS", part.Node.Address);
        Export("AMALGAM_WORK", launch.WorkingDirectory ?? folder.Work);
        if (part.Gres is { } gres) Export("AMALGAM_GRES", gres.Name);
        if (chosen is not null && part.Gres is not null)
        {
            Export("AMALGAM_DEVICE_VARIABLES", string.Join(' ', chosen.Names));
            Export("AMALGAM_DEVICE_UNITS", $"{chosen.UnitsPerDevice}");
        }

        if (launch.Gang is { } gang) Export("AMALGAM_GANG", Path.Combine(options.SharedDirectory, "gangs", gang));
        text.Append("set --");
        foreach (var word in launch.Command) text.Append(' ').Append(Quote(word));
        return text.Append('\n').ToString();
    }

    /// <summary>Minutes. Beyond the cloud's own limit, which comes first: this one holds when no cloud is there to enforce it.</summary>
    public static string TimeLimit(TimeSpan? limit, SlurmPartition partition)
    {
        var minutes = limit is { } given ? (long)Math.Ceiling(given.TotalMinutes) + 2 : long.MaxValue;
        minutes = Math.Min(minutes, partition.MaxMinutes ?? long.MaxValue);
        return minutes == long.MaxValue ? "UNLIMITED" : $"{minutes}";
    }

    /// <summary>Names that a shell can hold: others cannot come through a file of sh.</summary>
    public static void Check(StartMember command)
    {
        MemberLaunching.Check(command);
        if (command.Launch.Environment.Keys.FirstOrDefault(key => char.IsAsciiDigit(key[0]) || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_')) is { } bad)
            throw new EngineException($"lease {command.LeaseId}: '{bad}' is not a name of an environment variable that a shell can set");
    }

    public static string Quote(string text) =>
        $"'{text.Replace("'", @"'\''", StringComparison.Ordinal).Replace("{port}", "'\"$port\"'", StringComparison.Ordinal)}'";

    private static string JobName(MemberLaunch launch)
    {
        var name = new string([.. launch.WorkloadName.Take(48).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);
        return $"{(name.Length == 0 ? "amalgam" : name)}.{launch.Member}";
    }

    /// <summary>`%` begins a pattern in names of output files.</summary>
    private static string Literal(string path) => path.Replace("%", "%%", StringComparison.Ordinal);
}
