using Amalgam.Runtime.Gguf;

namespace Core.Tests.Runtime;

/// <summary>A model of random weights. The same description gives the same file, byte for byte, on every machine.</summary>
public sealed record TinyModel
{
    public string Architecture { get; init; } = "llama";

    public int Layers { get; init; } = 2;

    public int Width { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int KeyValueHeads { get; init; } = 2;

    public int HeadWidth { get; init; } = 32;

    public int FeedForwardWidth { get; init; } = 96;

    public int Vocabulary { get; init; } = 83;

    public int TrainedContext { get; init; } = 512;

    public GgufType WeightType { get; init; } = GgufType.F32;

    /// <summary>Type of the embedding table and the output matrix; by default that of the weights.</summary>
    public GgufType? OutputType { get; init; }

    /// <summary>Without an output matrix of its own.</summary>
    public bool Tied { get; init; }

    /// <summary>With the frequency divisors of llama-3.</summary>
    public bool HasRotaryDivisors { get; init; }

    public float RotaryBase { get; init; } = 10_000;

    /// <summary>Scale of the scores: larger makes likely tokens more likely.</summary>
    public float OutputGain { get; init; } = 3;

    public ulong Seed { get; init; } = 1;

    /// <summary>More metadata, or other values for it: a tokenizer, say.</summary>
    public IReadOnlyDictionary<string, object> Metadata { get; init; } = new Dictionary<string, object>();

    /// <summary>Tensors to leave out, to make a broken file.</summary>
    public IReadOnlySet<string> Missing { get; init; } = new HashSet<string>();
}

/// <summary>Writes small (and, for measurements, large) models of random weights.</summary>
public static class TinyGguf
{
    public static void Write(string path, TinyModel model)
    {
        var tensors = Tensors(model).Where(tensor => !model.Missing.Contains(tensor.Name)).ToArray();
        GgufWriter.Write(path, Metadata(model), tensors);
    }

    /// <summary>Writes into a new temporary file and returns its path; the caller deletes it.</summary>
    public static string WriteTemporary(TinyModel model)
    {
        string path = Path.Combine(Path.GetTempPath(), $"amalgam-tiny-{Guid.NewGuid():N}.gguf");
        Write(path, model);
        return path;
    }

    private static KeyValuePair<string, object>[] Metadata(TinyModel model)
    {
        string prefix = model.Architecture + ".";
        var metadata = new Dictionary<string, object>
        {
            ["general.architecture"] = model.Architecture,
            [prefix + "block_count"] = (uint)model.Layers,
            [prefix + "context_length"] = (uint)model.TrainedContext,
            [prefix + "embedding_length"] = (uint)model.Width,
            [prefix + "feed_forward_length"] = (uint)model.FeedForwardWidth,
            [prefix + "attention.head_count"] = (uint)model.Heads,
            [prefix + "attention.head_count_kv"] = (uint)model.KeyValueHeads,
            [prefix + "attention.key_length"] = (uint)model.HeadWidth,
            [prefix + "attention.value_length"] = (uint)model.HeadWidth,
            [prefix + "attention.layer_norm_rms_epsilon"] = 1e-6f,
            [prefix + "rope.freq_base"] = model.RotaryBase,
            [prefix + "rope.dimension_count"] = (uint)model.HeadWidth,
            [prefix + "vocab_size"] = (uint)model.Vocabulary,
            ["tokenizer.ggml.model"] = "no_vocab",
        };
        foreach (var (key, value) in model.Metadata) metadata[key] = value;
        return [.. metadata];
    }

    private static IEnumerable<TensorToWrite> Tensors(TinyModel model)
    {
        var outputType = model.OutputType ?? model.WeightType;
        float root = MathF.Sqrt(model.Width);
        yield return Random(model, "token_embd.weight", outputType, [model.Width, model.Vocabulary], model.Tied ? model.OutputGain / root : 1, 0);
        yield return Random(model, "output_norm.weight", GgufType.F32, [model.Width], 0.1f, 1);
        if (!model.Tied) yield return Random(model, "output.weight", outputType, [model.Width, model.Vocabulary], model.OutputGain / root, 0);
        if (model.HasRotaryDivisors) yield return Random(model, "rope_freqs.weight", GgufType.F32, [model.HeadWidth / 2], 1, 4);
        for (int layer = 0; layer < model.Layers; layer++)
        {
            foreach (var tensor in LayerTensors(model, $"blk.{layer}.")) yield return tensor;
        }
    }

    private static IEnumerable<TensorToWrite> LayerTensors(TinyModel model, string prefix)
    {
        int queries = model.Heads * model.HeadWidth, keys = model.KeyValueHeads * model.HeadWidth;
        TensorToWrite Matrix(string name, int columns, int rows) =>
            Random(model, prefix + name, model.WeightType, [columns, rows], 1.7f / MathF.Sqrt(columns), 0);
        TensorToWrite Vector(string name, int length, float centre) => Random(model, prefix + name, GgufType.F32, [length], 0.1f, centre);

        yield return Vector("attn_norm.weight", model.Width, 1);
        yield return Matrix("attn_q.weight", model.Width, queries);
        yield return Matrix("attn_k.weight", model.Width, keys);
        yield return Matrix("attn_v.weight", model.Width, keys);
        if (model.Architecture == "qwen2")
        {
            yield return Vector("attn_q.bias", queries, 0);
            yield return Vector("attn_k.bias", keys, 0);
            yield return Vector("attn_v.bias", keys, 0);
        }

        if (model.Architecture == "qwen3")
        {
            yield return Vector("attn_q_norm.weight", model.HeadWidth, 1);
            yield return Vector("attn_k_norm.weight", model.HeadWidth, 1);
        }

        yield return Matrix("attn_output.weight", queries, model.Width);
        yield return Vector("ffn_norm.weight", model.Width, 1);
        yield return Matrix("ffn_gate.weight", model.Width, model.FeedForwardWidth);
        yield return Matrix("ffn_up.weight", model.Width, model.FeedForwardWidth);
        yield return Matrix("ffn_down.weight", model.FeedForwardWidth, model.Width);
    }

    /// <summary>Numbers even between centre - spread and centre + spread, a stream of their own for every tensor.</summary>
    private static TensorToWrite Random(TinyModel model, string name, GgufType type, long[] dimensions, float spread, float centre)
    {
        ulong seed = model.Seed;
        foreach (char letter in name) seed = (seed ^ letter) * 0x100000001B3;
        return new TensorToWrite(name, type, dimensions, (row, values) =>
        {
            ulong state = seed + ((ulong)row * 0xD1342543DE82EF95);
            for (int i = 0; i < values.Length; i++) values[i] = centre + (spread * Next(ref state));
        });
    }

    /// <summary>SplitMix64, the upper 24 bits as a number between -1 and 1.</summary>
    private static float Next(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return ((int)(z >> 40) - 8388608) / 8388608f;
    }
}
