using System.Text;
using System.Text.Json;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>Prompts as tokens, refused when they cannot fit.</summary>
internal static class PromptTokens
{
    /// <param name="rendered">The text came out of a chat template: its control tokens are meant, and it has its begin token itself if the template writes one.</param>
    public static int[] Encode(string text, LoadedModel model, string param, bool rendered)
    {
        // A text of so many bytes has at least this many tokens; cheap to know, and it bounds the work a huge prompt can make.
        var least = Encoding.UTF8.GetByteCount(text) / Math.Max(1, model.Tokenizer.LongestPiece);
        if (least > model.ContextLength)
        {
            throw TooLong(model, param, $"at least {least}");
        }

        var tokens = model.Tokenizer.Encode(text, addSpecial: true, parseSpecial: rendered);
        if (rendered && tokens.Count > 1 && tokens[0] == tokens[1] && tokens[0] == model.Tokenizer.Vocabulary.Begin)
        {
            tokens.RemoveAt(0);
        }

        return Check([.. tokens], model, param);
    }

    public static int[] Read(JsonElement list, LoadedModel model, string param)
    {
        var count = model.Tokenizer.Vocabulary.Count;
        var tokens = new int[list.GetArrayLength()];
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            tokens[index++] = item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var token) && token >= 0 && token < count
                ? token
                : throw RefusedException.Invalid(param, $"'{param}' has an item that is no token of this model; its tokens are the whole numbers 0 to {count - 1}.");
        }

        return Check(tokens, model, param);
    }

    private static int[] Check(int[] tokens, LoadedModel model, string param) =>
        tokens.Length == 0 ? throw RefusedException.Invalid(param, $"'{param}' is empty; send some text.")
        : tokens.Length >= model.ContextLength ? throw TooLong(model, param, tokens.Length.ToString(System.Globalization.CultureInfo.InvariantCulture))
        : tokens;

    private static RefusedException TooLong(LoadedModel model, string param, string count) => RefusedException.Invalid(
        param,
        $"This model's maximum context length is {model.ContextLength} tokens, answer included; your input has {count} tokens. Shorten it, or serve the model with a larger context.",
        "context_length_exceeded");
}
