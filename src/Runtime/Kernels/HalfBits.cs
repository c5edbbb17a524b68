using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// Half-precision conversion by bits, because .NET offers no conversion instruction and its software one is slow.
/// Moving the 15 low bits of a half up by 13 gives the float of the same digits with an exponent 112 too small, exact for subnormals as well.
/// Infinities and NaN are not kept: no finite model has them.
/// </summary>
internal static class HalfBits
{
    /// <summary>2^112: what a moved half has to be multiplied with.</summary>
    public const float Scale = 5.192296858534828e33f;

    /// <summary>2^96: put on the other factor of a product, so that neither it overflows nor the product of two small numbers vanishes.</summary>
    public const float InputScale = 7.922816251426434e28f;

    /// <summary>2^16: what is left to multiply the sum of such products with.</summary>
    public const float OutputScale = 65536f;

    private const float SmallestNormal = 6.103515625e-5f;
    private const uint LargestBits = 0x477FE000; // 65504

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSmallSingle(ushort half) => BitConverter.Int32BitsToSingle(((short)half << 13) & unchecked((int)0x8FFFE000));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort half) => ToSmallSingle(half) * Scale;

    /// <summary>
    /// To the nearest half, ties to even. Numbers out of range, infinities and NaN become the largest half, so that a cache never holds
    /// anything but finite numbers; numbers below the smallest normal half become zero, so that no kernel meets a subnormal.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value), sign = (bits >> 16) & 0x8000, size = bits & 0x7FFFFFFF;
        if (size >= LargestBits) return (ushort)(sign | 0x7BFF);
        if (size < 0x38800000) return (ushort)sign;
        return (ushort)(sign | ((size - 0x38000000 + 0xFFF + ((size >> 13) & 1)) >> 13));
    }

    /// <summary>The nearest number that a half can hold, for finite non-negative numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Round(float value)
    {
        // Subnormal halves are multiples of 2^-24, which is what adding 0.5 rounds to.
        if (value < SmallestNormal) return value + 0.5f - 0.5f;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFFu);
    }
}
