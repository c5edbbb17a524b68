using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>All weights of a model in the order the kernels read them. The file must stay open: embeddings are read from it.</summary>
internal sealed unsafe class ModelWeights : IDisposable
{
    private readonly List<LayerWeights> layers = [];

    private ModelWeights(ModelSettings settings, TensorSource tensors, WorkerTeam team)
    {
        var shape = settings.Shape;
        var table = tensors.Matrix("token_embd.weight", shape.Vocabulary, shape.Width);
        Embeddings = new EmbeddingTable(table, shape.Width);
        for (int layer = 0; layer < shape.Layers; layer++) layers.Add(LoadLayer(settings, tensors, team, $"blk.{layer}."));
        OutputNorm = tensors.Vector("output_norm.weight", shape.Width);
        // Without output weights of its own a model is tied: it scores with the table it reads from.
        Output = Pack(tensors, team, tensors.Has("output.weight") ? "output.weight" : "token_embd.weight", shape.Vocabulary, shape.Width);
        RotaryDivisors = RotaryTable.ReadDivisors(tensors, settings);
        tensors.RefuseUnknown();
    }

    public EmbeddingTable Embeddings { get; }

    public IReadOnlyList<LayerWeights> Layers => layers;

    public NativeBuffer OutputNorm { get; }

    public PackedMatrix Output { get; }

    public NativeBuffer? RotaryDivisors { get; }

    /// <exception cref="ModelFormatException">A tensor is missing, unknown, or of an unsupported shape or type.</exception>
    public static ModelWeights Load(GgufFile file, ModelSettings settings, WorkerTeam team) => new(settings, new TensorSource(file), team);

    public void Dispose()
    {
        foreach (var layer in layers) layer.Dispose();
        OutputNorm.Dispose();
        Output.Dispose();
        RotaryDivisors?.Dispose();
    }

    private static LayerWeights LoadLayer(ModelSettings settings, TensorSource tensors, WorkerTeam team, string prefix)
    {
        var shape = settings.Shape;
        int[]? queryOrder = RotaryTable.RowOrder(settings, shape.Heads), keyOrder = RotaryTable.RowOrder(settings, shape.KeyValueHeads);
        int[]? headOrder = RotaryTable.RowOrder(settings, 1);
        PackedMatrix Matrix(string name, int rows, int columns, int[]? order = null) => Pack(tensors, team, prefix + name, rows, columns, order);
        return new LayerWeights
        {
            AttentionNorm = tensors.Vector(prefix + "attn_norm.weight", shape.Width),
            Query = Matrix("attn_q.weight", settings.QueryColumns, shape.Width, queryOrder),
            Key = Matrix("attn_k.weight", settings.KeyColumns, shape.Width, keyOrder),
            Value = Matrix("attn_v.weight", settings.KeyColumns, shape.Width),
            QueryBias = tensors.OptionalVector(prefix + "attn_q.bias", settings.QueryColumns, queryOrder),
            KeyBias = tensors.OptionalVector(prefix + "attn_k.bias", settings.KeyColumns, keyOrder),
            ValueBias = tensors.OptionalVector(prefix + "attn_v.bias", settings.KeyColumns),
            QueryNorm = tensors.OptionalVector(prefix + "attn_q_norm.weight", shape.HeadWidth, headOrder),
            KeyNorm = tensors.OptionalVector(prefix + "attn_k_norm.weight", shape.HeadWidth, headOrder),
            AttentionOutput = Matrix("attn_output.weight", shape.Width, settings.QueryColumns),
            FeedForwardNorm = tensors.Vector(prefix + "ffn_norm.weight", shape.Width),
            Gate = Matrix("ffn_gate.weight", shape.FeedForwardWidth, shape.Width),
            Up = Matrix("ffn_up.weight", shape.FeedForwardWidth, shape.Width),
            Down = Matrix("ffn_down.weight", shape.Width, shape.FeedForwardWidth),
        };
    }

    private static PackedMatrix Pack(TensorSource tensors, WorkerTeam team, string name, int rows, int columns, int[]? order = null)
    {
        var tensor = tensors.Matrix(name, rows, columns);
        var matrix = new PackedMatrix(tensors.WeightTypeOf(tensor), rows, columns);
        team.Run(new Packing(team, matrix, tensor, order));
        MappedPages.Release(tensor.Pointer, tensor.ByteLength);
        return matrix;
    }

    private sealed class Packing(WorkerTeam team, PackedMatrix matrix, GgufTensor source, int[]? order) : ITeamWork
    {
        private const int Chunk = 8;

        public void Work(int member)
        {
            for (int first = team.Next(0) * Chunk; first < matrix.Groups; first = team.Next(0) * Chunk)
            {
                int end = Math.Min(first + Chunk, matrix.Groups);
                if (source.Type == GgufType.Q6_K) SixBitBlocks.Pack(matrix, source.Pointer, order, first, end);
                else MatrixPacking.Pack(matrix, source.Pointer, order, first, end);
            }
        }
    }
}
