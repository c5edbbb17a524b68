using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>Takes the tensors of a file by name and expected shape, and knows which were never asked for.</summary>
internal sealed unsafe class TensorSource(GgufFile file)
{
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);

    public bool Has(string name) => file.TryGetTensor(name, out _);

    /// <summary>The tensor of a weight matrix with this many rows (outputs) and columns (inputs).</summary>
    /// <exception cref="ModelFormatException">It is missing, of another shape, or of a type the runtime has no kernel for.</exception>
    public GgufTensor Matrix(string name, long rows, long columns)
    {
        var tensor = Take(name, [columns, rows]);
        WeightTypeOf(tensor);
        return tensor;
    }

    /// <summary>A row of floats, padded with zeros to a multiple of 16 in memory of its own.</summary>
    public NativeBuffer Vector(string name, int length, int[]? order = null)
    {
        var tensor = Take(name, [length]);
        var buffer = NativeBuffer.ForFloats((length + 15) / 16 * 16);
        var target = (float*)buffer.Pointer;
        for (int i = 0; i < length; i++) target[i] = Element(tensor, order is null ? i : order[i]);
        return buffer;
    }

    public NativeBuffer? OptionalVector(string name, int length, int[]? order = null) => Has(name) ? Vector(name, length, order) : null;

    /// <summary>How the weights are held. Q6_K, which real Q4_0 files use for the output matrix, has no kernel and is unpacked to halves.</summary>
    public WeightType WeightTypeOf(GgufTensor tensor) => tensor.Type switch
    {
        GgufType.F32 => WeightType.Single,
        GgufType.F16 or GgufType.Q6_K => WeightType.Half,
        GgufType.BF16 => WeightType.BrainFloat,
        GgufType.Q8_0 => WeightType.Bits8,
        GgufType.Q4_0 => WeightType.Bits4,
        _ => throw new ModelFormatException(
            $"{file.Path} cannot be run: tensor '{tensor.Name}' has the type {tensor.Type}; the CPU runtime takes F32, F16, BF16, Q8_0, Q6_K and Q4_0. Choose a file of such a type."),
    };

    /// <summary>A tensor nobody asked for means a variant of the architecture that would be computed wrongly.</summary>
    /// <exception cref="ModelFormatException">There is one.</exception>
    public void RefuseUnknown()
    {
        foreach (var tensor in file.Tensors)
        {
            if (taken.Contains(tensor.Name)) continue;
            throw new ModelFormatException(
                $"{file.Path} cannot be run: tensor '{tensor.Name}' is not part of a plain {file.Architecture} model. Choose another file or another runtime.");
        }
    }

    private GgufTensor Take(string name, ReadOnlySpan<long> dimensions)
    {
        var tensor = file.RequiredTensor(name);
        bool fits = tensor.Dimensions.Count == dimensions.Length;
        for (int i = 0; fits && i < dimensions.Length; i++) fits = tensor.Dimensions[i] == dimensions[i];
        taken.Add(name);
        return fits
            ? tensor
            : throw new ModelFormatException($"{file.Path} is not usable: tensor {tensor} should be [{string.Join(", ", dimensions.ToArray())}]; the file is damaged or mislabelled.");
    }

    private float Element(GgufTensor tensor, int index) => tensor.Type switch
    {
        GgufType.F32 => ((float*)tensor.Pointer)[index],
        GgufType.F16 => HalfBits.ToSingle(((ushort*)tensor.Pointer)[index]),
        GgufType.BF16 => BitConverter.Int32BitsToSingle(((ushort*)tensor.Pointer)[index] << 16),
        _ => throw new ModelFormatException($"{file.Path} cannot be run: tensor '{tensor.Name}' has the type {tensor.Type} where plain numbers are expected."),
    };
}
