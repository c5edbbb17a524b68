using Amalgam.Runtime.Gguf;

namespace Amalgam.Runtime.Model;

/// <summary>What a file says about its model beyond the sizes. <see cref="RotaryColumns"/> of each head are rotated, the rest are left.</summary>
internal sealed record ModelSettings(ModelShape Shape, float Epsilon, double RotaryBase, double RotaryFactor, int RotaryColumns, bool RotatesNeighbours)
{
    private const int MaxSize = 1 << 24;

    public int QueryColumns => Shape.Heads * Shape.HeadWidth;

    public int KeyColumns => Shape.KeyValueHeads * Shape.HeadWidth;

    /// <summary>Query heads that share one head of keys and values.</summary>
    public int HeadGroup => Shape.Heads / Shape.KeyValueHeads;

    /// <exception cref="ModelFormatException">The architecture is not supported, or a size is missing or impossible.</exception>
    public static ModelSettings Read(GgufFile file)
    {
        string name = file.Architecture;
        if (name is not ("llama" or "qwen2" or "qwen3"))
        {
            throw new ModelFormatException($"{file.Path} holds a '{name}' model; the CPU runtime runs llama, qwen2 and qwen3 models. Choose another file or another runtime.");
        }

        var shape = ReadShape(file, name);
        RefuseVariants(file, name, shape);
        int rotary = file.Metadata.Integer($"{name}.rope.dimension_count", shape.HeadWidth, 2, shape.HeadWidth);
        if (rotary % 2 != 0) throw Broken(file, $"rope.dimension_count is {rotary}, an odd number");
        double epsilon = file.Metadata.Real($"{name}.attention.layer_norm_rms_epsilon");
        double rotaryBase = file.Metadata.Real($"{name}.rope.freq_base", 10_000);
        if (rotaryBase <= 0 || epsilon < 0) throw Broken(file, $"rope.freq_base is {rotaryBase} and layer_norm_rms_epsilon {epsilon}");
        return new ModelSettings(shape, (float)epsilon, rotaryBase, ReadRotaryFactor(file, name), rotary, RotatesNeighbours: name == "llama");
    }

    private static ModelShape ReadShape(GgufFile file, string name)
    {
        var metadata = file.Metadata;
        int Size(string key, int? otherwise = null) => metadata.Integer($"{name}.{key}", otherwise, 1, MaxSize);
        int width = Size("embedding_length"), heads = Size("attention.head_count");
        int keyHeads = Size("attention.head_count_kv", heads), headWidth = Size("attention.key_length", Math.Max(1, width / heads));
        var embedding = file.RequiredTensor("token_embd.weight");
        if (embedding.Dimensions.Count != 2 || embedding.Dimensions[1] > MaxSize) throw Broken(file, $"the embedding table is {embedding}");
        if (heads % keyHeads != 0) throw Broken(file, $"{heads} heads cannot share {keyHeads} heads of keys and values");
        if (Size("attention.value_length", headWidth) != headWidth) throw Broken(file, "keys and values of a head differ in width");
        return new ModelShape(
            name, metadata.Integer($"{name}.block_count", null, 1, 4096), width, heads, keyHeads, headWidth, Size("feed_forward_length"),
            (int)embedding.Dimensions[1], metadata.Integer($"{name}.context_length", 2048, 1));
    }

    /// <summary>Variants that would load and then answer nonsense.</summary>
    private static void RefuseVariants(GgufFile file, string name, ModelShape shape)
    {
        if (file.Metadata.Integer($"{name}.expert_count", 0) > 0) throw Broken(file, "it is a mixture of experts, which the CPU runtime does not run");
        if ((long)shape.Heads * shape.HeadWidth > MaxSize) throw Broken(file, $"{shape.Heads} heads of {shape.HeadWidth} columns are impossible");
    }

    private static double ReadRotaryFactor(GgufFile file, string name)
    {
        string type = file.Metadata.StringOrNull($"{name}.rope.scaling.type") ?? "none";
        double factor = file.Metadata.Real($"{name}.rope.scaling.factor", file.Metadata.Real($"{name}.rope.scale_linear", 1));
        if (type is not ("none" or "linear")) throw Broken(file, $"its rope scaling '{type}' is not supported (none and linear are)");
        if (type == "none" && !file.Metadata.Contains($"{name}.rope.scale_linear")) return 1;
        return factor > 0 ? factor : throw Broken(file, $"its rope scaling factor is {factor}");
    }

    private static ModelFormatException Broken(GgufFile file, string what) => new($"{file.Path} cannot be run: {what}. Choose another file.");
}
