using System.Runtime.CompilerServices;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>Keys and values of every layer, slot and head in half precision, laid out as <see cref="AttentionUnit"/> reads them.</summary>
internal sealed unsafe class KeyValueCache : IDisposable
{
    private const int KeyGroup = 16;

    private readonly NativeBuffer keys;
    private readonly NativeBuffer values;
    private readonly long keyHead;
    private readonly long valueHead;
    private readonly int heads;
    private readonly int slots;
    private readonly int width;

    public KeyValueCache(ModelShape shape, int slots, int context)
    {
        (heads, width, this.slots) = (shape.KeyValueHeads, shape.HeadWidth, slots);
        ValueStride = PaddedWidth(width);
        int positions = AttentionUnit.PaddedPositions(context);
        (keyHead, valueHead) = ((long)positions * width, (long)positions * ValueStride);
        long count = (long)shape.Layers * slots * heads;
        keys = new NativeBuffer(count * keyHead * sizeof(ushort));
        values = new NativeBuffer(count * valueHead * sizeof(ushort));
    }

    /// <summary>Halves from one position's values to the next.</summary>
    public int ValueStride { get; }

    public static long BytesFor(ModelShape shape, int slots, int context) =>
        (long)shape.Layers * slots * shape.KeyValueHeads * AttentionUnit.PaddedPositions(context) * (shape.HeadWidth + PaddedWidth(shape.HeadWidth)) * sizeof(ushort);

    public ushort* Keys(int layer, int slot, int head) => (ushort*)keys.Pointer + (Index(layer, slot, head) * keyHead);

    public ushort* Values(int layer, int slot, int head) => (ushort*)values.Pointer + (Index(layer, slot, head) * valueHead);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WriteKey(int layer, int slot, int head, int position, float* source)
    {
        ushort* target = Keys(layer, slot, head) + ((long)(position / KeyGroup) * width * KeyGroup) + (position % KeyGroup);
        for (int i = 0; i < width; i++, target += KeyGroup) *target = HalfBits.FromSingle(source[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WriteValue(int layer, int slot, int head, int position, float* source)
    {
        ushort* target = Values(layer, slot, head) + ((long)position * ValueStride);
        for (int i = 0; i < width; i++) target[i] = HalfBits.FromSingle(source[i]);
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }

    private static int PaddedWidth(int width) => (width + 31) / 32 * 32;

    private long Index(int layer, int slot, int head) => ((((long)layer * slots) + slot) * heads) + head;
}
