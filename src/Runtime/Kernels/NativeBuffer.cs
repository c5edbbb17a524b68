using System.Runtime.InteropServices;

namespace Amalgam.Runtime.Kernels;

/// <summary>
/// Zeroed memory outside the managed heap, aligned to 64 bytes with a spare line at its end. Large buffers cost physical memory only where
/// they are written, which is why a long context that is never used is nearly free.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static long takenByThread;

    private void* block;

    public NativeBuffer(long bytes)
    {
        takenByThread += bytes;
        block = NativeMemory.AllocZeroed((nuint)bytes + (2 * Alignment));
        Pointer = (byte*)(((nuint)block + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    ~NativeBuffer() => Release();

    /// <summary>Bytes that this thread has ever taken, against which estimates are checked.</summary>
    public static long TakenByThread => takenByThread;

    public byte* Pointer { get; private set; }

    public static NativeBuffer ForFloats(long count) => new(count * sizeof(float));

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        NativeMemory.Free(block);
        block = null;
        Pointer = null;
    }
}
