using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>Asks for weights before they are needed. Measured as nothing on one thread and 6-17 % on two, for one-token products.</summary>
internal static unsafe class Prefetch
{
    private const int Distance = 3072;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address + Distance);
    }
}
