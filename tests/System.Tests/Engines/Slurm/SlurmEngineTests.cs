using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Slurm;
using Xunit;

namespace Amalgam.SystemTests.Engines.Slurm;

/// <summary>The promises of every engine, on a real Slurm.</summary>
[NeedsSlurm]
[EngineTakesLong(EngineAbility.PromptKills, "9 s on Slurm")]
[Collection(SlurmCollection.Name)]
public sealed class SlurmEngineTests(SlurmCluster cluster) : EngineConformance
{
    private TimeSpan _startWithin = TimeSpan.FromSeconds(30);

    protected override bool KillsBeforeItAnswers => false;

    protected override IEngine Open() => SlurmRig.Open(Data, _startWithin);

    protected override IReadOnlyList<string> SaysHello(int exitCode) => SlurmRig.Shell($"echo hello; exit {exitCode}");

    protected override IReadOnlyList<string> RunsUntilStopped() => SlurmRig.Shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");

    protected override IReadOnlyList<string> IgnoresTheStop() => SlurmRig.Shell("trap '' TERM INT; echo ready; while :; do sleep 0.05; done");

    protected override async Task LoseAsync(string leaseId)
    {
        await SlurmCluster.ControlAsync("update", "nodename=a1", "state=down", "reason=test");
        await UntilAsync(async () => (await Engine.ObserveAsync(default)).Any(member => member.EndedAtUnixMs is not null), "the loss is seen");
        await SlurmCluster.ReviveAsync("a1");
    }

    protected override Task StartAndLoseTheAnswerAsync(string name, IReadOnlyList<string> command)
    {
        cluster.LoseTheNextAnswer();
        return StartAsync(name, command);
    }

    protected override async Task<IAsyncDisposable> OccupyAsync(int devices)
    {
        _startWithin = TimeSpan.FromSeconds(2);
        await ReopenAsync();
        return new ForeignJob(await SlurmCluster.OccupyAsync("--nodelist=a1", $"--gres=gpu:a100:{devices}"));
    }

    private sealed class ForeignJob(string id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await SlurmCluster.CancelAsync(id);
    }
}

/// <summary>How the tests open the engine.</summary>
internal static class SlurmRig
{
    public static SlurmEngine Open(string folder, TimeSpan startWithin, Action<string>? tell = null, params string[] partitions) => new(new SlurmOptions
    {
        SharedDirectory = folder,
        Chip = (_, type) => type switch { "a100" => new("a100", 81920), "h100" => new("h100", 81920), "mi300x" => new("mi300x", 196608), "l40s" => new("l40s", 49152), _ => null },
        StartWithin = startWithin,
        JobsEvery = TimeSpan.FromMilliseconds(50),
        NodesEvery = TimeSpan.FromMilliseconds(100),
        Partitions = partitions,
        Tell = tell ?? (static _ => { }),
    });

    public static string[] Shell(string script) => ["sh", "-c", script];
}
