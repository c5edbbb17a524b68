using System.Buffers;
using System.Text.Json;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Forwarding;

/// <summary>What a replica's error answer means for the request.</summary>
internal static class UpstreamRefusal
{
    private const int MaxErrorBytes = 64 * 1024;

    public static async Task<AttemptResult> ReadAsync(HttpResponseMessage response, TimeSpan retryPatience, CancellationToken cancel)
    {
        var status = (int)response.StatusCode;
        var body = await ReadSomeAsync(response, cancel);
        var error = Parse(status, body.Span) ?? new ApiError(status, "server_error", "upstream_error", $"The replica answered with status {status}.");
        var wait = response.Headers.RetryAfter?.Delta;
        return status switch
        {
            // The replica does not know the gateway's own key: nothing the client did.
            401 or 403 => AttemptResult.Retry(Refusals.UpstreamFailed("The replica refused the gateway. The operator finds the reason in the server's log."), TimeSpan.Zero),
            429 => AttemptResult.Retry(error with { RetryAfter = wait ?? TimeSpan.FromSeconds(1) }, TimeSpan.Zero),
            >= 400 and < 500 => AttemptResult.Refused(error),
            500 => AttemptResult.Retry(error, TimeSpan.Zero),
            503 => AttemptResult.Retry(error with { RetryAfter = wait ?? TimeSpan.FromSeconds(2) }, retryPatience),
            502 or 504 => AttemptResult.Retry(error, retryPatience),
            _ => AttemptResult.Retry(Refusals.UpstreamFailed($"The replica answered with status {status}, which is no answer to this request."), TimeSpan.Zero),
        };
    }

    /// <summary>An error event or an error object in an answer that began with 200.</summary>
    public static ApiError FromObject(ReadOnlySpan<byte> json) =>
        Parse(502, json) ?? Refusals.UpstreamFailed("The replica reported an error without saying which.");

    private static ApiError? Parse(int status, ReadOnlySpan<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return null;
            var error = root.TryGetProperty("error", out var inner) ? inner : root;
            if (error.ValueKind == JsonValueKind.String) return new ApiError(status, "server_error", null, error.GetString()!);
            if (error.ValueKind != JsonValueKind.Object || Text(error, "message") is not { } message) return null;
            return new ApiError(status, Text(error, "type") ?? "server_error", Text(error, "code"), message, Text(error, "param"));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Some runtimes send numbers as codes.</summary>
    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        }
        : null;

    private static async Task<ReadOnlyMemory<byte>> ReadSomeAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancel);
        var body = new ArrayBufferWriter<byte>(1024);
        while (body.WrittenCount < MaxErrorBytes)
        {
            var read = await stream.ReadAsync(body.GetMemory(1024), cancel);
            if (read == 0) break;
            body.Advance(read);
        }
        return body.WrittenMemory;
    }
}
