using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>The JSON of a request.</summary>
internal static class RequestBody
{
    public const int MostBytes = 32 << 20;

    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        var text = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        if (!Utf8.IsValid(text.Span))
        {
            throw new RefusedException(400, "The request body is not valid UTF-8; encode it as UTF-8.", code: "invalid_json");
        }

        var body = Parse(text);
        if (text.Span.IndexOf("\\ud"u8) >= 0 || text.Span.IndexOf("\\uD"u8) >= 0)
        {
            CheckEscapes(body);
        }

        return body;
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException error)
        {
            var place = error.LineNumber is { } line ? $" (line {line + 1}, byte {error.BytePositionInLine + 1})" : "";
            throw new RefusedException(400, $"The request body is not valid JSON{place}; check its brackets, quotes and numbers.", code: "invalid_json");
        }
    }

    /// <summary>An escaped half of a character is valid JSON and no text; it would fail wherever it is first read.</summary>
    private static void CheckEscapes(JsonDocument body)
    {
        try
        {
            Visit(body.RootElement);
        }
        catch (InvalidOperationException)
        {
            throw new RefusedException(400, "The request body has half of a character (a lone surrogate such as \\ud83d); send the whole character.", code: "invalid_json");
        }
    }

    private static void Visit(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            element.GetString();
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Visit(item);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in element.EnumerateObject())
            {
                Visit(field.Value);
                _ = field.Name;
            }
        }
    }
}
