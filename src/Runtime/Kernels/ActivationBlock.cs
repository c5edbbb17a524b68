using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// 32 activations of one token in 8 bits, as ggml's Q8_0 has them: value = <see cref="Scale"/> · quant, the scale rounded to half
/// (llama.cpp stores it so; without the rounding the two part on small models). Beside it what makes unsigned weights free: the kernels
/// start their sums at <see cref="Offset8"/> or <see cref="Offset4"/>, which takes back the 128 or 8 added to every weight.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
internal unsafe struct ActivationBlock
{
    public fixed sbyte Quants[32];
    public float Scale;

    /// <summary>-128 · sum of the quants.</summary>
    public int Offset8;

    /// <summary>-8 · sum of the quants.</summary>
    public int Offset4;
}
