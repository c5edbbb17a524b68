using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;
using Amalgam.Runtime.Model;
using Xunit;

namespace Core.Tests.Runtime.Model;

public sealed class LoadTests
{
    [Fact]
    public void The_estimate_is_what_loading_takes()
    {
        foreach (var description in new[]
        {
            new TinyModel { WeightType = GgufType.Q4_0, OutputType = GgufType.Q8_0 },
            new TinyModel { Architecture = "qwen3", Tied = true, WeightType = GgufType.F16 },
            new TinyModel { Architecture = "qwen2", WeightType = GgufType.BF16 },
        })
        {
            string path = TinyGguf.WriteTemporary(description);
            using (var file = GgufFile.Open(path))
            {
                var estimate = MemoryEstimate.ForModel(file, slots: 3, context: 100, maxBatch: 48, threads: 2);
                long before = NativeBuffer.TakenByThread;
                using var model = LanguageModel.Load(file, new ModelOptions(3, 100, 2, 48));
                // Barriers and counters (some 10 KiB) and the padding of norms and biases are not in the formula.
                Assert.InRange(NativeBuffer.TakenByThread - before - estimate.TotalBytes, -4096, 32 << 10);
                Assert.Equal(GgufTypes.BlockOf(description.OutputType ?? description.WeightType)!.Value.Bytes, estimate.MappedBytes * BlockElements(description) / (64 * 83));
            }

            File.Delete(path);
        }
    }

    [Fact]
    public void The_cache_takes_two_bytes_per_key_and_value()
    {
        string path = TinyGguf.WriteTemporary(new TinyModel());
        using (var file = GgufFile.Open(path)) Assert.Equal(2L * 2 * (2 * 32) * 5 * 1024 * 2, MemoryEstimate.ForModel(file, slots: 5, context: 1024).CacheBytes);
        File.Delete(path);
    }

    [Fact]
    public void Every_missing_tensor_is_named()
    {
        foreach (var name in new[] { "token_embd.weight", "output_norm.weight", "blk.1.attn_k.weight", "blk.0.ffn_down.weight" })
        {
            AssertRefused(new TinyModel { Missing = new HashSet<string> { name } }, name);
        }
    }

    [Fact]
    public void A_model_without_output_weights_is_tied_and_not_broken()
    {
        using var loaded = new LoadedModel(new TinyModel { Missing = new HashSet<string> { "output.weight" } });
        Assert.Equal(83, loaded.Run(new BatchToken(1, 0, 0, BatchOutput.Logits)).Length);
    }

    [Fact]
    public void A_type_without_a_kernel_is_refused_by_tensor_and_type() =>
        AssertRefused(new TinyModel { Width = 256, OutputType = GgufType.Q4_K }, "token_embd.weight", "Q4_K");

    [Fact]
    public void Other_architectures_and_variants_are_refused()
    {
        AssertRefused(new TinyModel { Architecture = "mamba" }, "mamba");
        AssertRefused(With("llama.expert_count", 8u), "mixture of experts");
        AssertRefused(With("llama.rope.scaling.type", "yarn"), "yarn");
        AssertRefused(With("llama.attention.head_count_kv", 3u), "share");
        AssertRefused(With("llama.attention.value_length", 16u), "keys and values");
        AssertRefused(With("llama.embedding_length", 128u), "token_embd.weight");
        AssertRefused(With("llama.block_count", 1u), "blk.1.attn_norm.weight");
    }

    [Fact]
    public void Linear_rope_scaling_stretches_positions()
    {
        using LoadedModel plain = new(new TinyModel()), stretched = new(With("llama.rope.scaling.type", "linear", ("llama.rope.scaling.factor", 2f)));
        BatchToken[] near = [new(1, 0, 0, BatchOutput.None), new(2, 1, 0, BatchOutput.Logits)];
        // Attention sees only distances: at twice the distance the stretched model has the plain one's angles, but also a token between.
        Assert.NotEqual(plain.Run(near), stretched.Run(near));
        Assert.Equal(plain.Run(near[0] with { Output = BatchOutput.Logits }), stretched.Run(near[0] with { Output = BatchOutput.Logits }));
    }

    [Theory]
    [InlineData(83, 0, 0, "vocabulary")]
    [InlineData(-1, 0, 0, "vocabulary")]
    [InlineData(1, 64, 0, "context")]
    [InlineData(1, -1, 0, "context")]
    [InlineData(1, 0, 4, "slot")]
    public void Tokens_that_cannot_be_are_refused(int token, int position, int slot, string named)
    {
        using var loaded = new LoadedModel(new TinyModel());
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => loaded.Run(new BatchToken(token, position, slot, BatchOutput.Logits))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_that_cannot_be_are_refused()
    {
        using var loaded = new LoadedModel(new TinyModel());
        var token = new BatchToken(1, 0, 0, BatchOutput.Logits);
        Assert.Throws<ArgumentException>(() => loaded.Run());
        Assert.Throws<ArgumentException>(() => loaded.Run(token, token));
        Assert.Throws<ArgumentException>(() => loaded.Run([.. Enumerable.Range(0, 65).Select(i => token with { Position = i })]));
        Assert.Throws<ArgumentException>(() => loaded.Model.Forward([token], new float[82]));
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        var loaded = new LoadedModel(new TinyModel());
        loaded.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loaded.Run(new BatchToken(1, 0, 0, BatchOutput.Logits)));
    }

    private static int BlockElements(TinyModel description) => GgufTypes.BlockOf(description.OutputType ?? description.WeightType)!.Value.Elements;

    private static TinyModel With(string key, object value, params (string Key, object Value)[] more)
    {
        var metadata = new Dictionary<string, object> { [key] = value };
        foreach (var (otherKey, otherValue) in more) metadata[otherKey] = otherValue;
        return new TinyModel { Metadata = metadata };
    }

    private static void AssertRefused(TinyModel description, params string[] named)
    {
        var error = Assert.Throws<ModelFormatException>(() => new LoadedModel(description));
        Assert.DoesNotContain('\n', error.Message);
        foreach (var text in named) Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }
}
