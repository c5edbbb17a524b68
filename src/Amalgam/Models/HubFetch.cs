using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core;

namespace Amalgam.Hosting;

/// <summary>
/// Fetches model files over the hub's `resolve` URLs: one fetch per file however many ask, continued where an earlier one stopped, renamed into place
/// only when its size and, where the hub names one, its SHA-256 are right. The hub's address is HF_ENDPOINT, a token HF_TOKEN, as its own tools have it.
/// </summary>
internal sealed class HubFetch(string folder, HttpClient http)
{
    private readonly ConcurrentDictionary<string, Progress> _running = new(StringComparer.Ordinal);

    private static string Endpoint => (Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } set ? set : "https://huggingface.co").TrimEnd('/');

    public string PathOf(HubReference reference) => Path.Combine(folder, reference.Owner, reference.Repository, reference.Revision, reference.File);

    public Outcome<ModelFetch> Begin(HubReference reference)
    {
        var path = PathOf(reference);
        if (File.Exists(path))
        {
            var length = new FileInfo(path).Length;
            return new ModelFetch(reference.Text, ModelFetchState.Ready, path, length, length, null);
        }

        var progress = _running.GetOrAdd(reference.Text, static (_, state) =>
        {
            var fresh = new Progress();
            fresh.Task = Task.Run(() => state.This.RunAsync(state.Reference, state.Path, fresh));
            return fresh;
        }, (This: this, Reference: reference, Path: path));
        if (progress.Problem is { } problem)
        {
            // Told once; the next request tries again, from where this one stopped.
            _running.TryRemove(reference.Text, out _);
            return new ModelFetch(reference.Text, ModelFetchState.Failed, null, progress.Done, progress.Total, problem);
        }

        return new ModelFetch(reference.Text, File.Exists(path) ? ModelFetchState.Ready : ModelFetchState.Fetching, File.Exists(path) ? path : null, progress.Done, progress.Total, null);
    }

    private async Task RunAsync(HubReference reference, string path, Progress progress)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await DownloadAsync(reference, path, progress);
            _running.TryRemove(reference.Text, out _);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            progress.Problem = $"{reference.Text} could not be fetched from {Endpoint}: {fault.Message.ReplaceLineEndings(" ")} Run the command again to continue where it stopped";
        }
    }

    private async Task DownloadAsync(HubReference reference, string path, Progress progress)
    {
        var partial = path + ".part";
        var have = File.Exists(partial) ? new FileInfo(partial).Length : 0;
        using var answer = await AskAsync(reference, have);
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // The partial file does not belong to what is there now.
            File.Delete(partial);
            await DownloadAsync(reference, path, progress);
            return;
        }

        Check(reference, answer);
        have = answer.StatusCode == HttpStatusCode.PartialContent ? have : 0;
        progress.Done = have;
        progress.Total = answer.Content.Headers.ContentRange?.Length ?? (answer.Content.Headers.ContentLength + have);
        await using (var file = new FileStream(partial, have > 0 ? FileMode.Append : FileMode.Create, FileAccess.Write))
        {
            await CopyAsync(answer, file, progress);
        }

        if (progress.Total is { } total && progress.Done != total)
        {
            throw new IOException($"the connection ended after {progress.Done} of {total} bytes.");
        }

        await VerifyAsync(partial, answer);
        File.Move(partial, path, overwrite: true);
    }

    private async Task<HttpResponseMessage> AskAsync(HubReference reference, long from)
    {
        var file = string.Join('/', reference.File.Split('/').Select(Uri.EscapeDataString));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Endpoint}/{reference.Owner}/{reference.Repository}/resolve/{reference.Revision}/{file}");
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
        }

        if (Environment.GetEnvironmentVariable("HF_TOKEN") is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static void Check(HubReference reference, HttpResponseMessage answer)
    {
        var problem = answer.StatusCode switch
        {
            HttpStatusCode.OK or HttpStatusCode.PartialContent => null,
            HttpStatusCode.NotFound => $"there is no {reference.File} in {reference.Owner}/{reference.Repository} at {reference.Revision}.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "the hub refuses access: set HF_TOKEN for the cloud and accept the model's licence.",
            _ => $"the hub answered {(int)answer.StatusCode}.",
        };
        if (problem is not null)
        {
            throw new HttpRequestException(problem);
        }
    }

    private static async Task CopyAsync(HttpResponseMessage answer, FileStream file, Progress progress)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 20];
        using var stalled = new CancellationTokenSource();
        while (true)
        {
            stalled.CancelAfter(TimeSpan.FromSeconds(60));
            var read = await body.ReadAsync(buffer, stalled.Token);
            if (read == 0)
            {
                break;
            }

            await file.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
            progress.Done += read;
        }

        file.Flush(flushToDisk: true);
    }

    /// <summary>Large files carry their SHA-256 as (linked) entity tag. A file that is wrong is thrown away: continuing it would never make it right.</summary>
    private static async Task VerifyAsync(string partial, HttpResponseMessage answer)
    {
        var tag = answer.Headers.TryGetValues("X-Linked-ETag", out var linked) ? linked.First() : answer.Headers.ETag?.Tag;
        var expected = tag?.Trim('"').ToLowerInvariant();
        if (expected is not { Length: 64 } || !expected.All(char.IsAsciiHexDigit))
        {
            return;
        }

        string actual;
        await using (var file = File.OpenRead(partial))
        {
            actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
        }

        if (actual != expected)
        {
            File.Delete(partial);
            throw new IOException($"its SHA-256 is {actual[..12]}..., the hub says {expected[..12]}...: it was damaged on the way and thrown away.");
        }
    }

    private sealed class Progress
    {
        private long _done;

        public Task? Task { get; set; }

        public long Done
        {
            get => Volatile.Read(ref _done);
            set => Volatile.Write(ref _done, value);
        }

        public long? Total { get; set; }

        public string? Problem { get; set; }
    }
}
