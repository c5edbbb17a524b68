using System.Diagnostics;
using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Browser;

/// <summary>A real browser (Debian's Chromium, driven by Playwright's own library) that acts out one of the scenarios of `scenarios.mjs`.</summary>
internal static class Browser
{
    private const string Driver = "playwright-core@1.64.1";
    private const string Axe = "axe-core@4.14.1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static readonly SemaphoreSlim Installing = new(1, 1);

    private static string Folder { get; } = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "amalgam-tests", $"{Driver}-{Axe}".Replace('@', '-'));

    /// <summary>Null when a browser can be driven here, otherwise what is missing.</summary>
    public static async Task<string?> MissingAsync()
    {
        if (!Programs.Any(File.Exists))
        {
            return "there is no Chromium (apt-get install chromium)";
        }

        await Installing.WaitAsync();
        try
        {
            if (Directory.Exists(Path.Combine(Folder, "node_modules", "axe-core")))
            {
                return null;
            }

            Directory.CreateDirectory(Folder);
            await File.WriteAllTextAsync(Path.Combine(Folder, "package.json"), "{\"private\":true}");
            using var npm = Process.Start(new ProcessStartInfo("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=0", Driver, Axe]) { WorkingDirectory = Folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
            var said = npm.StandardError.ReadToEndAsync();
            await npm.StandardOutput.ReadToEndAsync();
            await npm.WaitForExitAsync();
            return npm.ExitCode == 0 ? null : $"npm install failed: {(await said).Trim().Split('\n')[^1]}";
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return $"npm: {fault.Message}";
        }
        finally
        {
            Installing.Release();
        }
    }

    /// <summary>
    /// Plays a scenario and gives back what it found good, one sentence each. A line `ask NAME` is the scenario's wish for something that no browser can do
    /// (kill the server): it waits until <paramref name="asked"/> has done it.
    /// </summary>
    public static async Task<IReadOnlyList<string>> PlayAsync(string scenario, RunningCloud cloud, Func<string, Task>? asked = null, params string[] more)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(RunningCloud.RepositoryRoot, "tests", "System.Tests", "Console", "scenarios.mjs"), scenario, Folder, Programs.First(File.Exists), cloud.Url, cloud.Key, .. more])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = cloud.Folder,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        List<string> good = [];
        try
        {
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("ask ", StringComparison.Ordinal))
                {
                    await asked!(line["ask ".Length..]);
                    await process.StandardInput.WriteLineAsync("done");
                }
                else
                {
                    good.Add(line);
                }
            }

            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, $"{scenario}, after {string.Join("; ", good)}:\n{await errors}\nthe cloud says:\n{cloud.Output}");
        return good;
    }
}
