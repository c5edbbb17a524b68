using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Browser;

/// <summary>A cloud with a real core of each kind and a small simulated fleet, at an address that it keeps over a restart, for an open page comes back to it.</summary>
public sealed class ConsoleCloud : IAsyncLifetime, IAsyncDisposable
{
    public RunningCloud Cloud { get; } = RunningCloud.NotStarted();

    public async Task InitializeAsync()
    {
        Cloud.Listen = $"127.0.0.1:{FreePort()}";
        var fleet = Path.Combine(Cloud.Folder, "fleet.yaml");
        await File.WriteAllTextAsync(fleet, "job_seconds: 3600\nnodes:\n  - { chip: h100, count: 2, devices: 8 }\n");
        Cloud.UpArguments.AddRange(["--fleet", fleet]);
        await Cloud.StartAsync();
    }

    public Task DisposeAsync() => Cloud.DisposeAsync().AsTask();

    ValueTask IAsyncDisposable.DisposeAsync() => Cloud.DisposeAsync();

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
