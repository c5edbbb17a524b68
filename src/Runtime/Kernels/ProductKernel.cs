using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>One product to do: rows of a matrix with rows of activations. Output row t starts at Output + t · OutputStride and takes whole groups of 16.</summary>
internal readonly unsafe ref struct Product(PackedMatrix matrix, Activations input, int firstToken, int tokens, float* output, long outputStride, bool add)
{
    public PackedMatrix Matrix { get; } = matrix;

    public Activations Input { get; } = input;

    public int FirstToken { get; } = firstToken;

    public int Tokens { get; } = tokens;

    public float* Output { get; } = output;

    public long OutputStride { get; } = outputStride;

    /// <summary>Adds to what stands in the output (a residual) instead of replacing it.</summary>
    public bool Add { get; } = add;
}

/// <summary>Multiplies packed weights of one type with activations, with one set of instructions.</summary>
internal abstract class ProductKernel
{
    public abstract void Multiply(in Product product, int firstGroup, int endGroup);
}

/// <summary>The kernel for each weight type, chosen once per process.</summary>
internal static class ProductKernels
{
    private static readonly ProductKernel Singles = Make(WeightType.Single, InstructionLevels.Current);
    private static readonly ProductKernel Halves = Make(WeightType.Half, InstructionLevels.Current);
    private static readonly ProductKernel BrainFloats = Make(WeightType.BrainFloat, InstructionLevels.Current);
    private static readonly ProductKernel Bits8 = Make(WeightType.Bits8, InstructionLevels.Current);
    private static readonly ProductKernel Bits4 = Make(WeightType.Bits4, InstructionLevels.Current);

    public static ProductKernel For(WeightType type) => type switch
    {
        WeightType.Single => Singles,
        WeightType.Half => Halves,
        WeightType.BrainFloat => BrainFloats,
        WeightType.Bits8 => Bits8,
        _ => Bits4,
    };

    /// <summary>The kernel of a level that this chip has; tests ask for every one of them.</summary>
    public static ProductKernel Make(WeightType type, InstructionLevel level) => type switch
    {
        WeightType.Bits8 => level switch
        {
            InstructionLevel.Avx512 when AvxVnni.IsSupported => new Bits8Avx512Kernel(),
            >= InstructionLevel.Avx2 => new Bits8Avx2Kernel(),
            InstructionLevel.Vector128 => new BlockVector128Kernel(type),
            _ => new BlockScalarKernel(type),
        },
        WeightType.Bits4 => level switch
        {
            InstructionLevel.Avx512 => new Bits4Avx512Kernel(),
            >= InstructionLevel.Avx2 => new Bits4Avx2Kernel(),
            InstructionLevel.Vector128 => new BlockVector128Kernel(type),
            _ => new BlockScalarKernel(type),
        },
        _ => level switch
        {
            InstructionLevel.Avx512 => Floats<Vector512<float>, Lanes16>(type),
            >= InstructionLevel.Avx2 => Floats<Vector256<float>, Lanes8>(type),
            InstructionLevel.Vector128 => Floats<Vector128<float>, Lanes4>(type),
            _ => Floats<float, Lanes1>(type),
        },
    };

    private static ProductKernel Floats<TVector, TLanes>(WeightType type)
        where TVector : unmanaged
        where TLanes : struct, ILanes<TVector> => type switch
        {
            WeightType.Half => new FloatKernel<TVector, TLanes, HalfWeights<TVector, TLanes>>(),
            WeightType.BrainFloat => new FloatKernel<TVector, TLanes, BrainFloatWeights<TVector, TLanes>>(),
            _ => new FloatKernel<TVector, TLanes, SingleWeights<TVector, TLanes>>(),
        };
}
