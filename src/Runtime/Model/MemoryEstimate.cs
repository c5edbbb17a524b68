using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>
/// Bytes that a loaded model takes, by the same formulas that take them. <paramref name="CacheBytes"/> are reserved at once but cost physical memory only as
/// positions are written. <paramref name="MappedBytes"/> is the embedding table in the file, of which only the rows in use are in memory.
/// The process itself (runtime, code, managed heap) comes on top.
/// </summary>
public sealed record MemoryEstimate(long WeightBytes, long CacheBytes, long ScratchBytes, long MappedBytes)
{
    /// <summary>All but the mapped part.</summary>
    public long TotalBytes => WeightBytes + CacheBytes + ScratchBytes;

    /// <exception cref="ModelFormatException">The model cannot be run.</exception>
    public static MemoryEstimate ForModel(GgufFile file, int slots, int context, int maxBatch = 512, int threads = 1)
    {
        var settings = ModelSettings.Read(file);
        var tensors = new TensorSource(file);
        long weights = 0, mapped = 0;
        bool tied = !tensors.Has("output.weight");
        foreach (var tensor in file.Tensors)
        {
            bool isTable = tensor.Name == "token_embd.weight";
            if (isTable) mapped = tensor.ByteLength;
            if (!isTable || tied) weights += PackedBytes(tensors, tensor);
        }

        long scratch = PassBuffers.BytesFor(settings, FormsOf(file, tensors), maxBatch, context, threads);
        return new MemoryEstimate(weights, KeyValueCache.BytesFor(settings.Shape, slots, context), scratch, mapped);
    }

    /// <summary>The forms that any product of the model needs its inputs in.</summary>
    internal static ActivationForms FormsOf(GgufFile file, TensorSource tensors) => file.Tensors
        .Where(tensor => tensor.Dimensions.Count == 2)
        .Aggregate(ActivationForms.None, (forms, tensor) => forms | Activations.FormFor(tensors.WeightTypeOf(tensor)));

    private static long PackedBytes(TensorSource tensors, GgufTensor tensor) => tensor.Dimensions.Count == 2
        ? PackedMatrix.BytesFor(tensors.WeightTypeOf(tensor), tensor.Dimensions[1], checked((int)tensor.Dimensions[0]))
        : tensor.Elements * sizeof(float);
}
