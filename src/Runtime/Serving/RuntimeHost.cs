using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Serving.Http;

namespace Amalgam.Runtime.Serving;

/// <summary>
/// Runs one replica from start to end: listens, announces the address on standard output as one JSON line, loads the model, answers until it is told to
/// stop, then finishes what is under way.
/// </summary>
public static class RuntimeHost
{
    /// <returns>0 after a stop that was asked for, 1 after a failure, which is explained on standard error in one line.</returns>
    public static async Task<int> RunAsync(RuntimeOptions options, CancellationToken cancel)
    {
        var key = Environment.GetEnvironmentVariable(RuntimeOptions.KeyVariable);
        key = string.IsNullOrWhiteSpace(key) ? null : key.Trim();
        if (options.RequireKey && key is null)
        {
            return Fail($"No key was given; put one into the environment variable {RuntimeOptions.KeyVariable}.");
        }

        try
        {
            await using var server = await RuntimeServer.StartAsync(options.Address, options.Port, key, TimeProvider.System, cancel);
            Console.WriteLine(JsonSerializer.Serialize(new Announcement(server.Url), HostJson.Default.Announcement));
            return await ServeAsync(options, server, cancel);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return Fail($"Cannot listen on {options.Address}:{options.Port}: {error.Message} Choose another port, or 0 for any free one.");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static async Task<int> ServeAsync(RuntimeOptions options, RuntimeServer server, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        var orphaned = options.ParentlessOk ? Task.Delay(Timeout.InfiniteTimeSpan, stop.Token) : ParentWatch.WaitAsync(TimeProvider.System, stop.Token);
        LoadedModel model;
        try
        {
            // Not cancelled half-way: a process that is told to stop while it loads ends right after, and nobody waits for an answer from it.
            model = await Task.Run(() => LoadedModel.Load(options, TimeProvider.System), CancellationToken.None);
        }
        catch (ModelFormatException error)
        {
            return Fail(error.Message);
        }
        catch (OutOfMemoryException)
        {
            return Fail($"{options.ModelPath} does not fit into memory with {options.Slots} slots; take fewer slots (--slots), a shorter context (--context) or a smaller model.");
        }

        using (model)
        {
            server.Ready(model);
            await Task.WhenAny(orphaned, Task.Delay(Timeout.InfiniteTimeSpan, stop.Token));
            await DrainAsync(options, server);
        }

        return 0;
    }

    private static async Task DrainAsync(RuntimeOptions options, RuntimeServer server)
    {
        server.Drain();
        var started = TimeProvider.System.GetTimestamp();
        while (server.Running > 0 && TimeProvider.System.GetElapsedTime(started) < options.Grace)
        {
            await Task.Delay(20);
        }
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true; // not the default end: answers under way are finished first
        stop.Cancel();
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}

/// <summary>The line on standard output that tells whoever started the replica where it listens.</summary>
internal sealed record Announcement(string Listening);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Announcement))]
internal sealed partial class HostJson : JsonSerializerContext;
