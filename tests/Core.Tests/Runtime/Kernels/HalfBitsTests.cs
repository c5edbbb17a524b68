using Amalgam.Runtime.Kernels;
using Xunit;

namespace Core.Tests.Runtime.Kernels;

public sealed class HalfBitsTests
{
    [Fact]
    public void Every_finite_half_becomes_the_float_of_the_same_value()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var half = BitConverter.UInt16BitsToHalf((ushort)bits);
            if (Half.IsFinite(half)) Assert.Equal((float)half, HalfBits.ToSingle((ushort)bits));
        }
    }

    [Fact]
    public void Floats_become_the_nearest_half_and_the_smallest_become_zero()
    {
        var random = new Random(3);
        for (int i = 0; i < 100_000; i++)
        {
            float value = (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-13, 17)));
            ushort expected = BitConverter.HalfToUInt16Bits((Half)value);
            if (Math.Abs(value) < 6.2e-5f) continue;
            Assert.Equal(expected, HalfBits.FromSingle(value));
        }

        Assert.Equal(0, HalfBits.FromSingle(6e-5f));
        Assert.Equal(0x8000, HalfBits.FromSingle(-1e-30f));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e30f)]
    [InlineData(65520f)]
    public void What_does_not_fit_becomes_the_largest_half(float value) => Assert.Equal(65504f, Math.Abs(HalfBits.ToSingle(HalfBits.FromSingle(value))));

    [Fact]
    public void Scales_are_rounded_as_a_half_stores_them()
    {
        var random = new Random(4);
        for (int i = 0; i < 100_000; i++)
        {
            float value = (float)(random.NextDouble() * Math.Pow(2, random.Next(-26, 10)));
            Assert.Equal((float)(Half)value, HalfBits.Round(value));
        }
    }
}
