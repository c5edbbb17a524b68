using Amalgam.Runtime.Gguf;
using Core.Tests.Runtime;

namespace Amalgam.SystemTests.Cloud;

/// <summary>
/// A model of random weights with the demo's tokenizer, so large that a long answer takes minutes: whoever leaves after the first token leaves an
/// unfinished answer, however busy the machine is.
/// </summary>
internal static class SlowModel
{
    public static void Write(string path)
    {
        using var demo = GgufFile.Open(Path.Combine(RunningCloud.RepositoryRoot, "models", "demo.gguf"));
        var words = demo.Metadata;
        TinyGguf.Write(path, new TinyModel
        {
            Layers = 12, Width = 512, Heads = 8, KeyValueHeads = 8, HeadWidth = 64, FeedForwardWidth = 2048, Vocabulary = words.StringsOrNull("tokenizer.ggml.tokens")!.Length,
            TrainedContext = 1024, WeightType = GgufType.F16,
            Metadata = new Dictionary<string, object>
            {
                ["tokenizer.ggml.model"] = words.RequiredString("tokenizer.ggml.model"),
                ["tokenizer.ggml.pre"] = words.RequiredString("tokenizer.ggml.pre"),
                ["tokenizer.ggml.tokens"] = words.StringsOrNull("tokenizer.ggml.tokens")!,
                ["tokenizer.ggml.token_type"] = words.IntegersOrNull("tokenizer.ggml.token_type")!,
                ["tokenizer.ggml.merges"] = words.StringsOrNull("tokenizer.ggml.merges")!,
                ["tokenizer.ggml.bos_token_id"] = (uint)words.Integer("tokenizer.ggml.bos_token_id"),
                ["tokenizer.ggml.eos_token_id"] = (uint)words.Integer("tokenizer.ggml.eos_token_id"),
                ["tokenizer.ggml.add_bos_token"] = false,
                ["tokenizer.chat_template"] = words.RequiredString("tokenizer.chat_template"),
            },
        });
    }
}
