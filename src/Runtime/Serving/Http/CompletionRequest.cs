using System.Text;
using System.Text.Json;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>One request for text, of either endpoint. <paramref name="Echo"/> has the prompts' texts when they are to be repeated before the answers.</summary>
internal sealed record AnswerRequest(bool IsChat, IReadOnlyList<int[]> Prompts, int MostTokens, AnswerOptions Options, IReadOnlyList<string>? Echo);

/// <summary>Turns the body of <c>POST /v1/completions</c> into prompts and options.</summary>
internal static class CompletionRequest
{
    private const int DefaultMostTokens = 16;
    private const int MostPrompts = 16;
    private const int MostTopLogprobs = 5;

    public static AnswerRequest Read(JsonElement body, LoadedModel model)
    {
        var fields = new RequestFields(body);
        fields.Refuse("suffix", "'suffix' is not supported by this runtime; leave it out.");
        var options = AnswerOptions.Read(fields, (int?)fields.Integer("logprobs", 0, MostTopLogprobs), model.Tokenizer.Vocabulary);
        if (fields.Integer("best_of", 1, 20) is { } bestOf && bestOf != options.Choices)
        {
            throw RefusedException.Unsupported("best_of", "'best_of' is not supported by this runtime; leave it out.");
        }

        var most = fields.Integer("max_tokens", 1, int.MaxValue) ?? DefaultMostTokens;
        var prompts = ReadPrompts(fields.Required("prompt"), model);
        return new AnswerRequest(IsChat: false, prompts, (int)most, options, ReadEcho(fields, options, prompts, model));
    }

    private static List<string>? ReadEcho(RequestFields fields, AnswerOptions options, List<int[]> prompts, LoadedModel model)
    {
        if (!fields.Flag("echo"))
        {
            return null;
        }

        return options.Sampling.TopLogprobs is null
            ? prompts.ConvertAll(prompt => TextOf(prompt, model))
            : throw RefusedException.Unsupported("echo", "'echo' together with 'logprobs' is not supported by this runtime; leave one of them out.");
    }

    private static List<int[]> ReadPrompts(JsonElement prompt, LoadedModel model)
    {
        if (prompt.ValueKind == JsonValueKind.String)
        {
            return [PromptTokens.Encode(prompt.GetString()!, model, "prompt", rendered: false)];
        }

        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
        {
            throw RefusedException.Invalid("prompt", "'prompt' must be a text, a list of texts, a list of tokens, or a list of such lists, and not empty.", "invalid_type");
        }

        if (prompt[0].ValueKind == JsonValueKind.Number)
        {
            return [PromptTokens.Read(prompt, model, "prompt")];
        }

        if (prompt.GetArrayLength() > MostPrompts)
        {
            throw RefusedException.Invalid("prompt", $"'prompt' may have at most {MostPrompts} texts; send the others in requests of their own.");
        }

        return [.. prompt.EnumerateArray().Select(item => item.ValueKind switch
        {
            JsonValueKind.String => PromptTokens.Encode(item.GetString()!, model, "prompt", rendered: false),
            JsonValueKind.Array => PromptTokens.Read(item, model, "prompt"),
            _ => throw RefusedException.Invalid("prompt", "'prompt' mixes texts or lists of tokens with something else.", "invalid_type"),
        })];
    }

    private static string TextOf(int[] tokens, LoadedModel model)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            bytes.AddRange(model.Tokenizer.Piece(token));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
