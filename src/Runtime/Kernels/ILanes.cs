namespace Amalgam.Runtime.Kernels;

/// <summary>
/// The float operations of one vector width. Kernels are written once against it; the compiler makes one copy per width, with every call inlined.
/// Operations are defined for finite values only.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Floats per vector: 16, 8, 4 or 1.</summary>
    static abstract int Count { get; }

    static abstract TVector Broadcast(float value);

    static abstract TVector Load(float* source);

    static abstract void Store(float* target, TVector value);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector Multiply(TVector left, TVector right);

    static abstract TVector Divide(TVector left, TVector right);

    /// <summary>left · right + addend, fused where the chip can.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    static abstract TVector Max(TVector left, TVector right);

    static abstract TVector Min(TVector left, TVector right);

    static abstract TVector Abs(TVector value);

    /// <summary>To the nearest whole number, ties to even.</summary>
    static abstract TVector Round(TVector value);

    /// <summary>2 to the power of whole numbers between -126 and 127.</summary>
    static abstract TVector PowerOfTwo(TVector exponent);

    static abstract float Sum(TVector value);

    static abstract float MaxOf(TVector value);

    /// <summary>Halves as floats 2^112 times too small (see <see cref="HalfBits"/>): three integer operations where .NET has no instruction.</summary>
    static abstract TVector LoadSmallHalves(ushort* source);

    static abstract TVector LoadBrainFloats(ushort* source);

    /// <summary>Whole numbers between -128 and 127 as signed bytes.</summary>
    static abstract void StoreBytes(sbyte* target, TVector wholeNumbers);
}
