using System.Buffers.Binary;
using System.Text.Json;
using Amalgam.Runtime.Serving.Batching;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Runtime.Serving.Http;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal static class EmbeddingRun
{
    private const int MostInputs = 2048;

    public static async Task AnswerAsync(HttpContext context, JsonElement body, LoadedModel model)
    {
        var fields = new RequestFields(body);
        var encodes = ReadFormat(fields);
        if (fields.Integer("dimensions", 1, int.MaxValue) is { } dimensions && dimensions != model.Shape.Width)
        {
            throw RefusedException.Unsupported("dimensions", $"This model's vectors have {model.Shape.Width} numbers; leave 'dimensions' out.");
        }

        var inputs = ReadInputs(fields.Required("input"), model);
        var items = new EmbeddingItem[inputs.Count];
        var tokens = inputs.Sum(input => input.Length);
        for (var from = 0; from < inputs.Count; from += model.Slots)
        {
            var part = inputs.GetRange(from, Math.Min(model.Slots, inputs.Count - from));
            var vectors = await EmbedAsync(part, model, context.RequestAborted);
            for (var i = 0; i < vectors.Length; i++)
            {
                items[from + i] = new EmbeddingItem("embedding", from + i, encodes ? Encode(vectors[i]) : vectors[i]);
            }
        }

        var list = new EmbeddingList("list", items, model.Name, new EmbeddingUsage(tokens, tokens));
        await context.Response.WriteAsJsonAsync(list, WireJson.Relaxed.EmbeddingList, cancellationToken: context.RequestAborted);
    }

    private static bool ReadFormat(RequestFields fields) => fields.Text("encoding_format") switch
    {
        null or "float" => false,
        "base64" => true,
        var other => throw RefusedException.Invalid("encoding_format", $"'encoding_format' is '{other}'; it must be 'float' or 'base64'."),
    };

    private static List<int[]> ReadInputs(JsonElement input, LoadedModel model)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            return [PromptTokens.Encode(input.GetString()!, model, "input", rendered: false)];
        }

        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() is 0 or > MostInputs)
        {
            throw RefusedException.Invalid("input", $"'input' must be a text, a list of 1 to {MostInputs} texts, a list of tokens, or a list of such lists.", "invalid_type");
        }

        return input[0].ValueKind == JsonValueKind.Number
            ? [PromptTokens.Read(input, model, "input")]
            : [.. input.EnumerateArray().Select(item => item.ValueKind switch
            {
                JsonValueKind.String => PromptTokens.Encode(item.GetString()!, model, "input", rendered: false),
                JsonValueKind.Array => PromptTokens.Read(item, model, "input"),
                _ => throw RefusedException.Invalid("input", "'input' mixes texts or lists of tokens with something else.", "invalid_type"),
            })];
    }

    private static async Task<float[][]> EmbedAsync(List<int[]> inputs, LoadedModel model, CancellationToken left)
    {
        var embeddings = inputs.ConvertAll(input => new Embedding(input, model.Shape.Width, model.Pooling));
        if (!model.Loop.TrySubmit(embeddings[0], [.. embeddings.Skip(1)]))
        {
            throw RefusedException.Unavailable("This replica has as much waiting work as it may hold; try again in a moment.", "overloaded");
        }

        try
        {
            return await Task.WhenAll(embeddings.Select(embedding => embedding.Result)).WaitAsync(left);
        }
        catch (InvalidOperationException error)
        {
            throw new RefusedException(500, error.Message, "server_error", code: "generation_failed");
        }
        finally
        {
            embeddings.ForEach(embedding => embedding.Leave());
        }
    }

    private static string Encode(float[] vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        for (var i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return Convert.ToBase64String(bytes);
    }
}
