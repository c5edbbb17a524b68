namespace Amalgam.Runtime.Gguf;

#pragma warning disable CA1707 // The field's names (Q8_0, Q4_K) have underscores, and error messages show them as people know them.
/// <summary>Element types of tensors, numbered as in ggml (ggml.h, <c>enum ggml_type</c>).</summary>
public enum GgufType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
}
#pragma warning restore CA1707

/// <summary>How the elements of a type lie in memory: blocks of a fixed number of elements and bytes.</summary>
public readonly record struct GgufBlock(int Elements, int Bytes);

public static class GgufTypes
{
    /// <summary>The block of a type, from the block structures in ggml-common.h; null when the number is not known here.</summary>
    public static GgufBlock? BlockOf(GgufType type) => type switch
    {
        GgufType.F32 or GgufType.I32 => new(1, 4),
        GgufType.F16 or GgufType.BF16 or GgufType.I16 => new(1, 2),
        GgufType.F64 or GgufType.I64 => new(1, 8),
        GgufType.I8 => new(1, 1),
        GgufType.Q4_0 or GgufType.IQ4_NL => new(32, 18),
        GgufType.Q4_1 => new(32, 20),
        GgufType.Q5_0 => new(32, 22),
        GgufType.Q5_1 => new(32, 24),
        GgufType.Q8_0 => new(32, 34),
        GgufType.Q8_1 => new(32, 36),
        GgufType.MXFP4 => new(32, 17),
        GgufType.Q2_K => new(256, 84),
        GgufType.Q3_K or GgufType.IQ3_S => new(256, 110),
        GgufType.Q4_K => new(256, 144),
        GgufType.Q5_K => new(256, 176),
        GgufType.Q6_K => new(256, 210),
        GgufType.Q8_K => new(256, 292),
        GgufType.IQ2_XXS or GgufType.TQ2_0 => new(256, 66),
        GgufType.IQ2_XS => new(256, 74),
        GgufType.IQ2_S => new(256, 82),
        GgufType.IQ3_XXS => new(256, 98),
        GgufType.IQ1_S => new(256, 50),
        GgufType.IQ1_M => new(256, 56),
        GgufType.IQ4_XS => new(256, 136),
        GgufType.TQ1_0 => new(256, 54),
        _ => null,
    };
}
