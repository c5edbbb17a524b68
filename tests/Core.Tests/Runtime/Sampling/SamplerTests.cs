using Amalgam.Runtime.Sampling;
using Xunit;

namespace Core.Tests.Runtime.Sampling;

public sealed class SamplerTests
{
    private const int Draws = 4000;

    private static readonly float[] Logits = [1, 2, 3, 0, -1, float.NegativeInfinity];

    [Fact]
    public void At_temperature_0_the_likeliest_is_taken_and_the_first_of_equals()
    {
        Assert.Equal(2, Next(SamplingOptions.Greedy, Logits));
        Assert.Equal(1, Next(SamplingOptions.Greedy, [0, 5, 5]));
        Assert.Equal(1, Next(SamplingOptions.Greedy, [float.NaN, 5, float.PositiveInfinity]));
    }

    [Fact]
    public void Numbers_that_are_none_are_an_error_and_not_a_token() =>
        Assert.Throws<ArithmeticException>(() => Next(SamplingOptions.Greedy, [float.NaN, float.NegativeInfinity, float.PositiveInfinity]));

    [Fact]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        Assert.Equal(Many(new SamplingOptions { Seed = 3 }), Many(new SamplingOptions { Seed = 3 }));
        Assert.NotEqual(Many(new SamplingOptions { Seed = 3 }), Many(new SamplingOptions { Seed = 4 }));
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(2.0)]
    public void Tokens_come_as_often_as_their_probability_says(double temperature)
    {
        var tokens = Many(new SamplingOptions { Temperature = temperature, Seed = 11 }); // seed 11
        var weights = Logits.Select(logit => Math.Exp(logit / temperature)).ToArray();
        for (var token = 0; token < Logits.Length; token++)
        {
            Assert.Equal(weights[token] / weights.Sum(), tokens.Count(one => one == token) / (double)Draws, 0.03);
        }
    }

    [Fact]
    public void Top_k_top_p_and_min_p_leave_out_the_unlikely()
    {
        Assert.Equal([1, 2], Distinct(new SamplingOptions { TopK = 2 }));
        Assert.Equal([2], Distinct(new SamplingOptions { TopP = 0.5 })); // the likeliest alone has 0.64
        Assert.Equal([1, 2], Distinct(new SamplingOptions { TopP = 0.7 }));
        Assert.Equal([2], Distinct(new SamplingOptions { TopP = 0 }));
        Assert.Equal([1, 2], Distinct(new SamplingOptions { MinP = 0.3 }));
        Assert.Equal([0, 1, 2, 3, 4], Distinct(new SamplingOptions()));
    }

    [Fact]
    public void Bias_and_penalties_change_what_is_likeliest()
    {
        Assert.Equal(4, Next(SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [4] = 100 } }, Logits));
        Assert.Equal(1, Next(SamplingOptions.Greedy with { RepetitionPenalty = 2 }, Logits, prompt: [2]));
        var sampler = new Sampler(SamplingOptions.Greedy with { PresencePenalty = 1.5, FrequencyPenalty = 0 }, [], new CandidateList(6));
        Assert.Equal([2, 1, 2], [sampler.Next(Copy()).Token, sampler.Next(Copy()).Token, sampler.Next(Copy()).Token]);
        var counted = new Sampler(SamplingOptions.Greedy with { FrequencyPenalty = 0.6 }, [], new CandidateList(6));
        Assert.Equal([2, 2, 1], [counted.Next(Copy()).Token, counted.Next(Copy()).Token, counted.Next(Copy()).Token]);
    }

    [Fact]
    public void Log_probabilities_are_the_models_own_whatever_the_options()
    {
        var options = SamplingOptions.Greedy with { TopLogprobs = 2, LogitBias = new Dictionary<int, float> { [0] = 100 } };
        var sampled = new Sampler(options, [], new CandidateList(6)).Next(Copy());
        var normaliser = Math.Log(Logits.Sum(logit => Math.Exp(logit)));
        Assert.Equal(0, sampled.Token);
        Assert.Equal(1 - normaliser, sampled.Logprob, 1e-5);
        Assert.Equal([2, 1], sampled.Top!.Select(top => top.Token));
        Assert.Equal(3 - normaliser, sampled.Top![0].Logprob, 1e-5);
    }

    [Fact]
    public void A_greedy_token_costs_no_memory()
    {
        var sampler = new Sampler(SamplingOptions.Greedy, [], new CandidateList(6));
        var logits = Copy();
        sampler.Next(logits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            sampler.Next(logits);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static float[] Copy() => [.. Logits];

    private static int Next(SamplingOptions options, float[] logits, int[]? prompt = null) =>
        new Sampler(options, prompt ?? [], new CandidateList(logits.Length)).Next([.. logits]).Token;

    private static int[] Many(SamplingOptions options)
    {
        var sampler = new Sampler(options, [], new CandidateList(Logits.Length));
        return [.. Enumerable.Range(0, Draws).Select(_ => sampler.Next(Copy()).Token)];
    }

    private static IEnumerable<int> Distinct(SamplingOptions options) => Many(options with { Seed = 5 }).Distinct().Order(); // seed 5
}
