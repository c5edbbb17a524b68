using Amalgam.SystemTests.Gateway.Rig;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>
/// A real cloud whose one replica is played by the test, which therefore knows every token that was produced: a runtime of the user's catalogue whose member
/// only tells its port and stays; the test listens there. Control plane, gateway, engine, journal and member are real, and outlive each other as in earnest.
/// </summary>
internal sealed class CountingCloud : IAsyncDisposable
{
    private CountingCloud(RunningCloud cloud, FakeReplica replica) => (Cloud, Replica) = (cloud, replica);

    public RunningCloud Cloud { get; }

    public FakeReplica Replica { get; }

    public static Task<CountingCloud> StartAsync(int slots = 64) => StartAsync(RunningCloud.NotStarted(), slots);

    /// <summary>One that was prepared and not started.</summary>
    public static async Task<CountingCloud> StartAsync(RunningCloud cloud, int slots = 64)
    {
        var port = Path.Combine(cloud.Folder, "port");
        var catalogue = Directory.CreateDirectory(Path.Combine(cloud.Data, "catalogue", "runtimes")).FullName;
        await File.WriteAllTextAsync(Path.Combine(catalogue, "counting.yaml"), $$"""
            runtime: counting
            name: Upstream of a test
            programs: [sh]
            version: {command: ["{program}", -c, "echo version 1"], pattern: 'version (\d+)'}
            chips: [{vendors: [cpu]}]
            formats: [gguf]
            architectures: ["*"]
            launch:
              arguments:
                - "{program}"
                - ["-c", "echo {port} > {{port}}.new; mv {{port}}.new {{port}}; exec sleep 100000"]
            health: {path: /health, readyTimeoutSeconds: 120}
            stop: {signal: SIGTERM, graceSeconds: 5}
            openAiBasePath: /v1
            memory: {weightFactor: 1, fixedMiB: 1, perSlotMiB: 0, kvBytesPerElement: 2, deviceShare: 1}
            source: tests/System.Tests/Cloud/Kill
            tested: there
            """);
        await cloud.StartAsync();
        var serving = cloud.MustAsync("serve", "demo", "--chips", "cpu", "--runtime", "counting", "--slots", $"{slots}", "--open-to", "root");
        await RunningCloud.UntilAsync("the port of the replica", () => File.Exists(port) || serving.IsFaulted);
        var replica = await FakeReplica.StartAsync("counting", (_, _) => "normal", int.Parse(await File.ReadAllTextAsync(port)));
        await serving;
        return new CountingCloud(cloud, replica);
    }

    public async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        await Replica.DisposeAsync();
    }
}
