using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Gateway.Errors;

/// <summary>Writes an <see cref="ApiError"/>: as a whole answer, or as its JSON alone for the error event of a stream.</summary>
internal static class ErrorAnswer
{
    // Answers are JSON in a JSON body, never in HTML: quotes in messages stay readable.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext http, ApiError error)
    {
        var body = new ArrayBufferWriter<byte>(512);
        WriteJson(body, error);
        var response = http.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        if (error.RetryAfter is { } wait)
        {
            var seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            response.Headers["retry-after-ms"] = Math.Max(1, (long)Math.Ceiling(wait.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
        }
        if (error.Final) response.Headers["x-should-retry"] = "false";
        if (error.Status == 401) response.Headers.WWWAuthenticate = "Bearer";
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    public static void WriteJson(IBufferWriter<byte> output, ApiError error)
    {
        using var json = new Utf8JsonWriter(output, Plain);
        json.WriteStartObject();
        json.WriteStartObject("error");
        WriteFields(json, error);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteFields(Utf8JsonWriter json, ApiError error)
    {
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Param);
        json.WriteString("code", error.Code);
    }
}
