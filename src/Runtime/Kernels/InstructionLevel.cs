using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

[assembly: InternalsVisibleTo("Core.Tests")]
[assembly: InternalsVisibleTo("benchmarks")]

namespace Amalgam.Runtime.Kernels;

/// <summary>How wide the kernels of this process work, widest last.</summary>
public enum InstructionLevel
{
    /// <summary>No vector instructions, as under <c>DOTNET_EnableHWIntrinsic=0</c>.</summary>
    Scalar,

    /// <summary>128 bits: SSE, or NEON on Arm.</summary>
    Vector128,

    /// <summary>256 bits.</summary>
    Avx2,

    /// <summary>256 bits with byte dot products.</summary>
    Avx2Vnni,

    /// <summary>512 bits; byte dot products where the chip has them in their 256-bit form.</summary>
    Avx512,
}

/// <summary>Which instructions this process may use. Fixed when it starts: the chip's, less what the runtime's settings switch off.</summary>
public static class InstructionLevels
{
    public static InstructionLevel Current =>
        HasAvx512 ? InstructionLevel.Avx512
        : Avx2.IsSupported ? (AvxVnni.IsSupported ? InstructionLevel.Avx2Vnni : InstructionLevel.Avx2)
        : Vector128.IsHardwareAccelerated ? InstructionLevel.Vector128
        : InstructionLevel.Scalar;

    internal static bool HasAvx512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported;
    }
}
