using System.Diagnostics;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Gateway;

/// <summary>The official OpenAI client for JavaScript against the gateway. Needs Node and, once, the npm registry.</summary>
public sealed class OfficialJavaScriptClientTests(ITestOutputHelper output)
{
    private const string Package = "openai@6.46.0";

    private static readonly SemaphoreSlim Installing = new(1, 1);

    internal static string Folder { get; } = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "amalgam-tests", Package.Replace('@', '-'));

    [Fact]
    public async Task It_works_unchanged()
    {
        var folder = Folder;
        if (await InstallAsync(folder) is { } missing)
        {
            Say($"SKIPPED: the official JavaScript client was not tried: {missing}");
            return;
        }
        await using var rig = await GatewayRig.StartAsync(progress: true);
        var (code, text) = await RunAsync("node", [Script(), folder, rig.Address], folder);
        output.WriteLine(text);
        Assert.True(code == 0, text);
        Assert.Equal(12, text.Split('\n').Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
        await rig.Upstreams[0].Requests["js-leaver"].Cancelled.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await GatewayRig.UntilAsync(() => rig.Drain.InFlight == 0, "all requests are over");
        Assert.Equal(rig.Ledger.Settled.Count, rig.Ledger.Settled.Select(u => u.ChargeId).Distinct().Count());
    }

    /// <summary>Null when the package lies in the folder, otherwise why not.</summary>
    internal static async Task<string?> InstallAsync(string folder)
    {
        // One test class at a time: they share the folder.
        await Installing.WaitAsync();
        try
        {
            return await InstallOnceAsync(folder);
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task<string?> InstallOnceAsync(string folder)
    {
        if (Directory.Exists(Path.Combine(folder, "node_modules", "openai"))) return null;
        Directory.CreateDirectory(folder);
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), "{\"private\":true}");
            var (code, text) = await RunAsync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=0", Package], folder);
            return code == 0 ? null : $"npm install {Package} failed: {text.Trim().Split('\n')[^1]}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }

    internal static async Task<(int Code, string Text)> RunAsync(string program, string[] arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
        await process.WaitForExitAsync();
        return (process.ExitCode, await text + await errors);
    }

    private static string Script()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Amalgam.slnx"))) root = root.Parent;
        return Path.Combine(root!.FullName, "tests", "System.Tests", "Gateway", "JavaScript", "client.mjs");
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
