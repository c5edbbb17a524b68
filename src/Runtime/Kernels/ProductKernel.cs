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
    private static readonly ProductKernel Singles = Choose(WeightType.Single);
    private static readonly ProductKernel Halves = Choose(WeightType.Half);
    private static readonly ProductKernel BrainFloats = Choose(WeightType.BrainFloat);
    private static readonly ProductKernel Bits8 = Choose(WeightType.Bits8);
    private static readonly ProductKernel Bits4 = Choose(WeightType.Bits4);

    public static ProductKernel For(WeightType type) => type switch
    {
        WeightType.Single => Singles,
        WeightType.Half => Halves,
        WeightType.BrainFloat => BrainFloats,
        WeightType.Bits8 => Bits8,
        _ => Bits4,
    };

    private static ProductKernel Choose(WeightType type) => InstructionLevels.Current switch
    {
        InstructionLevel.Avx512 => type switch
        {
            WeightType.Bits8 => System.Runtime.Intrinsics.X86.AvxVnni.IsSupported ? new Bits8Avx512Kernel() : new Bits8Avx2Kernel(),
            WeightType.Bits4 => new Bits4Avx512Kernel(),
            _ => Floats<System.Runtime.Intrinsics.Vector512<float>, Lanes16>(type),
        },
        InstructionLevel.Avx2Vnni or InstructionLevel.Avx2 => type switch
        {
            WeightType.Bits8 => new Bits8Avx2Kernel(),
            WeightType.Bits4 => new Bits4Avx2Kernel(),
            _ => Floats<System.Runtime.Intrinsics.Vector256<float>, Lanes8>(type),
        },
        InstructionLevel.Vector128 => PackedMatrix.IsBlocked(type)
            ? new BlockVector128Kernel(type)
            : Floats<System.Runtime.Intrinsics.Vector128<float>, Lanes4>(type),
        _ => PackedMatrix.IsBlocked(type) ? new BlockScalarKernel(type) : Floats<float, Lanes1>(type),
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
