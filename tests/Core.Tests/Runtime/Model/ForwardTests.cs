using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Model;
using Xunit;

namespace Core.Tests.Runtime.Model;

public sealed class ForwardTests
{
    private const int Length = 21;

    [Theory]
    [InlineData("llama", GgufType.F32)]
    [InlineData("qwen2", GgufType.F16)]
    [InlineData("qwen3", GgufType.F32)]
    public void A_prompt_in_one_batch_answers_as_token_by_token(string architecture, GgufType type)
    {
        using var loaded = new LoadedModel(new TinyModel { Architecture = architecture, WeightType = type });
        var whole = loaded.Run(Prompt(slot: 0, 0, Length));
        float[] last = [];
        for (int i = 0; i < Length; i++) last = loaded.Run(Prompt(slot: 1, i, i + 1));
        AssertClose(whole, last);
    }

    [Fact]
    public void A_prompt_cut_into_batches_anywhere_answers_the_same()
    {
        using var loaded = new LoadedModel(new TinyModel());
        var whole = loaded.Run(Prompt(slot: 0, 0, Length));
        for (int cut = 1; cut < Length; cut++)
        {
            loaded.Model.Forward([.. Prompt(slot: 1, 0, cut).Select(token => token with { Output = BatchOutput.None })], []);
            AssertClose(whole, loaded.Run(Prompt(slot: 1, cut, Length)));
        }
    }

    [Fact]
    public void Sequences_in_one_batch_do_not_see_each_other()
    {
        using var loaded = new LoadedModel(new TinyModel { KeyValueHeads = 1, Heads = 6 });
        var alone = loaded.Run(Prompt(slot: 0, 0, Length));
        BatchToken[] others = [.. Enumerable.Range(0, 9).Select(i => new BatchToken((i * 5) % 83, i, 2, BatchOutput.None))];
        var together = loaded.Run([.. others, .. Prompt(slot: 3, 0, Length), new BatchToken(7, 0, 1, BatchOutput.Logits)]);
        AssertClose(alone, together[..alone.Length]);
    }

    [Fact]
    public void A_position_written_again_replaces_what_stood_there()
    {
        using var loaded = new LoadedModel(new TinyModel());
        var expected = loaded.Run(Prompt(slot: 0, 0, Length));
        BatchToken[] wrong = [.. Prompt(slot: 1, 0, Length).Select(token => token with { Token = token.Position < 10 ? token.Token : 3 })];
        loaded.Run(wrong);
        AssertClose(expected, loaded.Run(Prompt(slot: 1, 10, Length)));
    }

    [Fact]
    public void Rows_come_in_batch_order_whatever_they_hold()
    {
        using var loaded = new LoadedModel(new TinyModel());
        var (vocabulary, width) = (loaded.Model.Shape.Vocabulary, loaded.Model.Shape.Width);
        var logits = loaded.Run(Prompt(slot: 0, 0, Length));
        var hidden = loaded.Run([.. Prompt(slot: 0, 0, Length).Select(token => token.Output == BatchOutput.Logits ? token with { Output = BatchOutput.Hidden } : token)]);
        var mixed = loaded.Run([.. Prompt(slot: 1, 0, Length), .. Prompt(slot: 2, 0, Length)[..^1], Prompt(slot: 2, 0, Length)[^1] with { Output = BatchOutput.Hidden }]);
        Assert.Equal(vocabulary + width, mixed.Length);
        AssertClose(logits, mixed[..vocabulary]);
        AssertClose(hidden, mixed[vocabulary..]);
    }

    [Theory]
    [InlineData(GgufType.Q8_0)]
    [InlineData(GgufType.Q4_0)]
    [InlineData(GgufType.BF16)]
    public void The_number_of_threads_changes_nothing(GgufType type)
    {
        var description = new TinyModel { Architecture = "qwen2", WeightType = type, OutputType = GgufType.Q8_0 };
        using LoadedModel one = new(description, new ModelOptions(1, 64, 1, 64)), five = new(description, new ModelOptions(1, 64, 5, 64));
        Assert.Equal(one.Run(Prompt(slot: 0, 0, Length)), five.Run(Prompt(slot: 0, 0, Length)));
    }

    [Fact]
    public void Heads_that_share_a_block_of_32_columns_are_quantised_together()
    {
        // Two layouts of the same numbers: heads of 16 columns, two to a block, against the plain float path.
        var description = new TinyModel { HeadWidth = 16, Heads = 6, KeyValueHeads = 3 };
        using LoadedModel floats = new(description), blocks = new(description with { WeightType = GgufType.Q8_0 });
        var (expected, actual) = (floats.Run(Prompt(slot: 0, 0, Length)), blocks.Run(Prompt(slot: 0, 0, Length)));
        Assert.True(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Average() < 0.1);
    }

    [Fact]
    public void A_pass_allocates_nothing()
    {
        using var loaded = new LoadedModel(new TinyModel { WeightType = GgufType.Q4_0 }, new ModelOptions(2, 64, 1, 64));
        var prompt = Prompt(slot: 0, 0, Length);
        BatchToken[] step = [new(5, Length, 0, BatchOutput.Logits)];
        var output = new float[loaded.Model.Shape.Vocabulary];
        for (int i = 0; i < 3; i++) Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Pass()
        {
            loaded.Model.Forward(prompt, output);
            loaded.Model.Forward(step, output);
        }
    }

    [Fact]
    public void A_sequence_of_broken_numbers_spoils_neither_its_neighbours_nor_what_follows_in_its_slot()
    {
        string path = TinyGguf.WriteTemporary(new TinyModel());
        SpoilEmbedding(path, token: 8);
        using (var file = GgufFile.Open(path))
        using (var model = LanguageModel.Load(file, new ModelOptions(2, 64, 2, 64)))
        {
            float[] expected = new float[83], actual = new float[83], both = new float[166];
            model.Forward(Prompt(slot: 0, 0, Length), expected);
            model.Forward([new BatchToken(8, 0, 1, BatchOutput.Logits), .. Prompt(slot: 0, 0, Length)], both);
            Assert.True(float.IsNaN(both[0]));
            AssertClose(expected, both[83..]);
            for (int position = 0; position < 40; position++) model.Forward([new BatchToken(8, position, 1, BatchOutput.None)], []);
            model.Forward(Prompt(slot: 1, 0, Length), actual);
            AssertClose(expected, actual);
        }

        File.Delete(path);
    }

    private static void SpoilEmbedding(string path, int token)
    {
        long offset;
        using (var file = GgufFile.Open(path)) offset = file.RequiredTensor("token_embd.weight").Offset + (token * 64 * sizeof(float));
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write) { Position = offset };
        for (int i = 0; i < 64; i++) stream.Write(BitConverter.GetBytes(float.NaN));
    }

    private static BatchToken[] Prompt(int slot, int first, int end) =>
        [.. Enumerable.Range(first, end - first).Select(i => new BatchToken(((i * 17) + 3) % 83, i, slot, i == Length - 1 ? BatchOutput.Logits : BatchOutput.None))];

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 0.002f);
    }
}
