using System.Runtime.Intrinsics;

namespace Amalgam.Runtime.Kernels;

/// <summary>Everything between the products of a layer, on rows whose length is a multiple of 16 with zeros behind the real columns.</summary>
internal abstract unsafe class VectorKernel
{
    /// <summary>The one of this process.</summary>
    public static VectorKernel Current { get; } = Make(InstructionLevels.Current);

    /// <summary>The kernel of a level that this chip has; tests ask for every one of them.</summary>
    public static VectorKernel Make(InstructionLevel level) => level switch
    {
        InstructionLevel.Avx512 => new VectorKernel<Vector512<float>, Lanes16>(),
        >= InstructionLevel.Avx2 => new VectorKernel<Vector256<float>, Lanes8>(),
        InstructionLevel.Vector128 => new VectorKernel<Vector128<float>, Lanes4>(),
        _ => new VectorKernel<float, Lanes1>(),
    };

    /// <summary>target = source / root mean square of its <paramref name="columns"/> · weight (RMSNorm, arXiv:1910.07467). Source and target may be one.</summary>
    public abstract void Normalise(float* source, float* weight, float* target, int columns, float epsilon);

    /// <summary>Brings columns [first, end) of a row into the forms asked for. Blocks need both to be multiples of 32.</summary>
    public abstract void Prepare(float* source, Activations target, int token, int first, int end, ActivationForms forms);

    /// <summary>gate = gate · sigmoid(gate) · up (SwiGLU, arXiv:2002.05202).</summary>
    public abstract void Gate(float* gate, float* up, int count);

    public abstract void Add(float* target, float* addend, int count);

    /// <summary>Attention of up to four queries over one head of the cache.</summary>
    public abstract void Attend(in AttentionUnit unit, float* scores);
}
