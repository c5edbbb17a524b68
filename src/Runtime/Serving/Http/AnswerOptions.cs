using System.Text.Json;
using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Tokenizing;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>What chat and plain completions have in common: how to choose, when to stop, how to hand out.</summary>
internal sealed record AnswerOptions
{
    private const int MostChoices = 4;
    private const int MostStops = 16;
    private const int MostStopLength = 500;
    private const int MostBiases = 1024;
    private const float Never = -1e6f;

    public required SamplingOptions Sampling { get; init; }

    public required IReadOnlyList<string> Stops { get; init; }

    public required int Choices { get; init; }

    public required bool Stream { get; init; }

    public required bool IncludeUsage { get; init; }

    public static AnswerOptions Read(RequestFields fields, int? topLogprobs, Vocabulary vocabulary)
    {
        var stream = fields.Flag("stream");
        fields.Refuse("functions", "Function calling is not supported by this runtime; leave 'functions' out.");
        return new AnswerOptions
        {
            Sampling = ReadSampling(fields, topLogprobs, vocabulary),
            Stops = ReadStops(fields),
            Choices = (int)(fields.Integer("n", 1, MostChoices) ?? 1),
            Stream = stream,
            IncludeUsage = ReadIncludeUsage(fields, stream),
        };
    }

    private static SamplingOptions ReadSampling(RequestFields fields, int? topLogprobs, Vocabulary vocabulary) => new()
    {
        Temperature = fields.Number("temperature", 1, 0, 2),
        TopP = fields.Number("top_p", 1, 0, 1),
        TopK = (int)Math.Max(0, fields.Integer("top_k", -1, int.MaxValue) ?? 0),
        MinP = fields.Number("min_p", 0, 0, 1),
        PresencePenalty = fields.Number("presence_penalty", 0, -2, 2),
        FrequencyPenalty = fields.Number("frequency_penalty", 0, -2, 2),
        RepetitionPenalty = fields.Number("repetition_penalty", 1, 0.01, 100),
        LogitBias = ReadBias(fields, vocabulary.Count, fields.Flag("ignore_eos") ? vocabulary.Ends : []),
        Seed = unchecked((ulong)(fields.Integer("seed", long.MinValue, long.MaxValue) ?? Random.Shared.NextInt64())),
        TopLogprobs = topLogprobs,
    };

    /// <param name="forbidden">With `ignore_eos`, as in vLLM and llama.cpp: the tokens that would end the answer before `max_tokens`.</param>
    private static Dictionary<int, float> ReadBias(RequestFields fields, int vocabulary, IEnumerable<int> forbidden)
    {
        var biases = forbidden.ToDictionary(token => token, _ => Never);
        if (!fields.TryGet("logit_bias", out var map))
        {
            return biases;
        }

        if (map.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.WrongType("logit_bias", "an object from token numbers to biases", map);
        }

        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, out var token) || token < 0 || token >= vocabulary)
            {
                throw RefusedException.Invalid("logit_bias", $"'logit_bias' names the token '{entry.Name}'; this model has the tokens 0 to {vocabulary - 1}.");
            }

            var bias = entry.Value.ValueKind == JsonValueKind.Number && Math.Abs(entry.Value.GetDouble()) <= 100
                ? entry.Value.GetSingle()
                : throw RefusedException.Invalid("logit_bias", $"'logit_bias' of token {token} must be a number from -100 to 100.");
            biases.TryAdd(token, bias);
        }

        return biases.Count <= MostBiases ? biases : throw RefusedException.Invalid("logit_bias", $"'logit_bias' may name at most {MostBiases} tokens.");
    }

    private static List<string> ReadStops(RequestFields fields)
    {
        if (!fields.TryGet("stop", out var stop))
        {
            return [];
        }

        var texts = stop.ValueKind == JsonValueKind.Array ? [.. stop.EnumerateArray()] : new List<JsonElement> { stop };
        if (texts.Count > MostStops || texts.Exists(text => text.ValueKind != JsonValueKind.String || text.GetString()!.Length is 0 or > MostStopLength))
        {
            throw RefusedException.Invalid("stop", $"'stop' must be a text or a list of at most {MostStops} texts, each of 1 to {MostStopLength} characters.");
        }

        return texts.ConvertAll(text => text.GetString()!);
    }

    private static bool ReadIncludeUsage(RequestFields fields, bool stream)
    {
        if (!fields.TryGet("stream_options", out var options))
        {
            return false;
        }

        if (!stream)
        {
            throw RefusedException.Invalid("stream_options", "'stream_options' is only for streams; set 'stream' to true or leave it out.");
        }

        return options.ValueKind == JsonValueKind.Object
            ? new RequestFields(options).Flag("include_usage")
            : throw RequestFields.WrongType("stream_options", "an object", options);
    }
}
