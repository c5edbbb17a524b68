using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Model;

namespace Core.Tests.Runtime;

/// <summary>The models whose logits are compared with llama.cpp: by the benchmark against the library itself, by the tests against stored values.</summary>
public static class ReferenceModels
{
    public static readonly string[] Architectures = ["llama", "qwen2", "qwen3"];

    public static readonly GgufType[] WeightTypes = [GgufType.F32, GgufType.F16, GgufType.BF16, GgufType.Q8_0, GgufType.Q4_0, GgufType.Q6_K];

    /// <summary>In layers: one, where nothing has drifted yet, and a few.</summary>
    public static readonly int[] Depths = [1, 3];

    /// <summary>Odd on purpose: a vocabulary that fills no group of 16, a head count that is no multiple of 4, and where the rest allows it tied weights and divisors.</summary>
    public static TinyModel Of(string architecture, GgufType type, int layers = 3) => new()
    {
        Architecture = architecture,
        WeightType = type,
        Layers = layers,
        Width = type == GgufType.Q6_K ? 256 : 192,
        Heads = type == GgufType.Q6_K ? 4 : 6,
        KeyValueHeads = architecture != "llama" ? 1 : type == GgufType.Q6_K ? 4 : 6,
        HeadWidth = type == GgufType.Q6_K ? 64 : architecture == "qwen3" ? 48 : 32,
        FeedForwardWidth = type == GgufType.Q6_K ? 512 : 160,
        Vocabulary = 151,
        Tied = architecture == "qwen3",
        HasRotaryDivisors = architecture == "llama",
        Seed = 20,
    };

    public static BatchToken[] Batch(TinyModel model, int tokens) =>
        [.. Enumerable.Range(0, tokens).Select(i => new BatchToken(((i * 37) + 11) % model.Vocabulary, i, 0, BatchOutput.Logits))];
}
