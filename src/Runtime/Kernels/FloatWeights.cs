using System.Runtime.CompilerServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>How one kind of float weight is read and what its input and output are scaled by.</summary>
internal unsafe interface IFloatWeights<TVector>
    where TVector : unmanaged
{
    static abstract int Bytes { get; }

    /// <summary>Whether the input is <see cref="Activations.Scaled"/> and the sum times <see cref="HalfBits.OutputScale"/> the result.</summary>
    static abstract bool IsScaled { get; }

    static abstract TVector Load(byte* source);
}

internal readonly unsafe struct SingleWeights<TVector, TLanes> : IFloatWeights<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    public static int Bytes => 4;

    public static bool IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TLanes.Load((float*)source);
}

internal readonly unsafe struct HalfWeights<TVector, TLanes> : IFloatWeights<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    public static int Bytes => 2;

    public static bool IsScaled => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TLanes.LoadSmallHalves((ushort*)source);
}

internal readonly unsafe struct BrainFloatWeights<TVector, TLanes> : IFloatWeights<TVector>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    public static int Bytes => 2;

    public static bool IsScaled => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TLanes.LoadBrainFloats((ushort*)source);
}
