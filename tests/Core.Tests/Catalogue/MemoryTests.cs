using Amalgam.Catalogue.Estimates;
using CsCheck;
using Xunit;

namespace Core.Tests.Catalogue;

public class MemoryTests
{
    // Llama 3 8B: 32 layers, 8 key/value heads of 128: 128 KiB of 16-bit cache a token.
    private static readonly ModelFacts Llama8B = new(16_060_522_240, 32, 8, 128, 8192);
    private static readonly MemoryOverhead Plain = new(1, 0, 0, 0, 2, 1);
    private static readonly MemoryKey Key = new("llama-8b", "vllm", "nvidia-l4");

    [Fact]
    public void The_sum_is_weights_and_cache_and_overhead()
    {
        var estimate = MemoryEstimate.Of(Llama8B, new MemoryOverhead(1, 100, 50, 10, 2, 0.9), contextTokens: 8192, slots: 4);

        Assert.Equal((15317, 4096, 190, 19603), (estimate.WeightsMiB, estimate.KvCacheMiB, estimate.OverheadMiB, estimate.TotalMiB));
        Assert.Equal(21782, estimate.PerDeviceMiB);
        Assert.True(estimate.FitsOn(24576));
        Assert.False(estimate.FitsOn(16384));
        Assert.Equal("weights 15,317 + KV cache 4,096 (8,192 tokens x 4 sequences) + runtime 190 = 19,603 MiB", estimate.Explain());
    }

    [Fact]
    public void Two_devices_share_weights_and_cache()
    {
        var estimate = MemoryEstimate.Of(Llama8B, Plain, 8192, 4, devices: 2);

        Assert.Equal(9707, estimate.PerDeviceMiB);
        Assert.EndsWith("9,707 MiB on each of 2 devices", estimate.Explain(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_narrower_cache_takes_less() =>
        Assert.Equal(2048, MemoryEstimate.Of(Llama8B, Plain, 8192, 4, kvBytesPerElement: 1).KvCacheMiB);

    [Fact]
    public void An_absurd_request_does_not_overflow_into_something_small() =>
        Assert.False(MemoryEstimate.Of(new ModelFacts(long.MaxValue, 1000, 1000, 1000), Plain, int.MaxValue, int.MaxValue).FitsOn(int.MaxValue / 8));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void A_context_or_slots_below_one_is_refused(int context, int slots) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryEstimate.Of(Llama8B, Plain, context, slots));

    [Fact]
    public void The_largest_context_fits_and_hardly_more_would()
    {
        var model = Gen.Select(Gen.Long[1 << 20, 1L << 40], Gen.Int[1, 100], Gen.Int[1, 64], Gen.Int[16, 256],
            (bytes, layers, heads, width) => new ModelFacts(bytes, layers, heads, width));
        Gen.Select(model, Gen.Int[1, 32], Gen.Int[1, 8], Gen.Int[1024, 300_000]).Sample((facts, slots, devices, deviceMiB) =>
        {
            var overhead = new MemoryOverhead(1.1, 300, 200, 8, 2, 0.9);
            var context = MemoryEstimate.LargestContextTokens(facts, overhead, slots, devices, deviceMiB);
            if (context > 0)
            {
                Assert.True(MemoryEstimate.Of(facts, overhead, context, slots, devices).FitsOn(deviceMiB));
            }
            if (context < int.MaxValue / 2)
            {
                // Rounding may cost a few MiB: as many tokens more as those hold, and one, must be too much.
                var spare = (int)((4L * devices * (1 << 20)) / (facts.KvElementsPerToken * 2 * slots)) + 2;
                Assert.False(MemoryEstimate.Of(facts, overhead, context + spare, slots, devices).FitsOn(deviceMiB - 1));
            }
        });
    }

    [Fact]
    public void The_largest_context_stops_at_what_the_model_was_made_for() =>
        Assert.Equal(8192, MemoryEstimate.LargestContextTokens(Llama8B, Plain, 1, 1, 81920));

    [Fact]
    public void Nothing_learned_leaves_the_estimate_as_it_is()
    {
        var corrected = MemoryCorrection.None.Apply(Key, MemoryEstimate.Of(Llama8B, Plain, 1024, 1));

        Assert.Equal(15445, corrected.PerDeviceMiB);
        Assert.Equal("llama-8b was never seen with vllm on nvidia-l4; the estimate stands as it is", corrected.Reason);
    }

    [Fact]
    public void An_estimate_that_was_too_small_is_raised_at_once()
    {
        var corrected = MemoryCorrection.None.Observe(Key, 1000, 1200).Apply(Key, MemoryEstimate.Of(Llama8B, Plain, 1024, 1));

        Assert.Equal(18534, corrected.PerDeviceMiB);
        Assert.Equal("estimate x 1.20, learned from 1 run of llama-8b with vllm on nvidia-l4", corrected.Reason);
    }

    [Fact]
    public void An_estimate_that_was_too_large_falls_slowly()
    {
        var correction = MemoryCorrection.None.Observe(Key, 1000, 800);
        Assert.Equal(0.96, correction.Learned[0].Ratio, 6);

        correction = correction.Observe(Key, 1000, 800);
        Assert.Equal(0.928, correction.Learned[0].Ratio, 6);
        Assert.Equal(2, correction.Learned[0].Observations);
    }

    [Fact]
    public void One_class_teaches_nothing_about_another()
    {
        var correction = MemoryCorrection.None.Observe(Key, 1000, 2000).Observe(Key with { Class = "nvidia-t4" }, 1000, 900);

        Assert.Equal(2, correction.Learned.Count);
        Assert.Equal(1, correction.Apply(Key with { Runtime = "sglang" }, MemoryEstimate.Of(Llama8B, Plain, 1, 1)).Factor);
    }

    [Theory]
    [InlineData(1000, 0)]
    [InlineData(0, 1000)]
    [InlineData(-5, 1000)]
    public void A_measurement_of_nothing_teaches_nothing(int estimated, int observed) =>
        Assert.Same(MemoryCorrection.None, MemoryCorrection.None.Observe(Key, estimated, observed));

    [Fact]
    public void The_ratio_stays_between_its_bounds_whatever_is_measured() =>
        Gen.Select(Gen.Int[1, 1 << 20], Gen.Int[1, 1 << 30]).Array[1, 50].Sample(measurements =>
        {
            var correction = measurements.Aggregate(MemoryCorrection.None, (known, pair) => known.Observe(Key, pair.Item1, pair.Item2));
            Assert.InRange(Assert.Single(correction.Learned).Ratio, MemoryCorrection.Least, MemoryCorrection.Most);
        });
}
