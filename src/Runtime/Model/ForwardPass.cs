using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>
/// One pass of a batch through all layers, as one job of the team. Each step shares its tokens, rows or attention units among the members
/// through a counter of its own and ends at a barrier, because the next step needs all of its results.
/// </summary>
internal sealed unsafe class ForwardPass : ITeamWork
{
    private const int StepsPerLayer = 9;
    private const int StepsOutsideLayers = 4;
    private const int FewTokens = 8;
    private const int PartsOfFewTokens = 4;

    private readonly ModelSettings settings;
    private readonly ModelWeights weights;
    private readonly KeyValueCache cache;
    private readonly PassBuffers buffers;
    private readonly RotaryTable rotary;
    private readonly WorkerTeam team;
    private readonly AttentionPlan attention;
    private readonly OutputPlan outputs;
    private readonly VectorKernel kernel = VectorKernel.Current;
    private readonly BatchToken[] batch;
    private readonly float queryScale;
    private int tokens;
    private float* output;

    public ForwardPass(ModelSettings settings, ModelWeights weights, KeyValueCache cache, PassBuffers buffers, RotaryTable rotary, WorkerTeam team, int maxBatch)
    {
        (this.settings, this.weights, this.cache, this.buffers, this.rotary, this.team) = (settings, weights, cache, buffers, rotary, team);
        attention = new AttentionPlan(settings, maxBatch);
        outputs = new OutputPlan(settings.Shape, maxBatch);
        batch = new BatchToken[maxBatch];
        queryScale = AttentionUnit.QueryScale(settings.Shape.HeadWidth);
    }

    /// <summary>Counters that a team needs for a pass.</summary>
    public static int Steps(int layers) => StepsOutsideLayers + (layers * StepsPerLayer);

    /// <summary>Takes a batch whose tokens, slots and positions have been checked; returns the floats its output needs.</summary>
    public long Prepare(ReadOnlySpan<BatchToken> batch)
    {
        batch.CopyTo(this.batch);
        tokens = batch.Length;
        attention.Make(batch);
        outputs.Make(batch);
        return outputs.Floats;
    }

    public void Run(float* output)
    {
        this.output = output;
        team.Run(this);
    }

    public void Work(int member)
    {
        int step = 0;
        Embed(step++);
        for (int layer = 0; layer < weights.Layers.Count; layer++)
        {
            var w = weights.Layers[layer];
            Normalise(step++, w.AttentionNorm, w.AttentionForms);
            ProjectHeads(step++, w);
            StoreHeads(step++, layer, w);
            Attend(step++, member, layer, w);
            PrepareAttended(step++, w);
            AddProduct(step++, w.AttentionOutput);
            Normalise(step++, w.FeedForwardNorm, w.FeedForwardForms);
            FeedForward(step++, member, w);
            AddProduct(step++, w.Down);
        }

        NormaliseOutputs(step++);
        Score(step, member);
    }

    private void Embed(int step)
    {
        for (int token = team.Next(step); token < tokens; token = team.Next(step))
        {
            weights.Embeddings.Read(batch[token].Token, buffers.Residual(token));
            rotary.Set(token, batch[token].Position);
        }

        team.Meet();
    }

    private void Normalise(int step, NativeBuffer norm, ActivationForms forms)
    {
        for (int token = team.Next(step); token < tokens; token = team.Next(step)) NormaliseRow(buffers.Residual(token), norm, token, forms);
        team.Meet();
    }

    /// <summary>Into row <paramref name="target"/> of the products' input, in the forms asked for.</summary>
    private void NormaliseRow(float* source, NativeBuffer norm, int target, ActivationForms forms)
    {
        float* values = buffers.Normed.Values(target);
        kernel.Normalise(source, (float*)norm.Pointer, values, settings.Shape.Width, settings.Epsilon);
        kernel.Prepare(values, buffers.Normed, target, 0, buffers.Width, forms & ~ActivationForms.Values);
    }

    private void ProjectHeads(int step, LayerWeights w)
    {
        int queryChunks = Chunks(w.Query), keyChunks = Chunks(w.Key), chunks = queryChunks + keyChunks + Chunks(w.Value);
        for (int chunk = team.Next(step); chunk < chunks; chunk = team.Next(step))
        {
            if (chunk < queryChunks) Project(w.Query, w.QueryBias, chunk, buffers.Query(0), buffers.QueryStride);
            else if (chunk < queryChunks + keyChunks) Project(w.Key, w.KeyBias, chunk - queryChunks, buffers.Key(0), buffers.KeyStride);
            else Project(w.Value, w.ValueBias, chunk - queryChunks - keyChunks, buffers.Value(0), buffers.KeyStride);
        }

        team.Meet();
    }

    private int ChunkGroups(PackedMatrix matrix) => RowChunks.Groups(tokens, matrix.Groups, team.Members);

    private int Chunks(PackedMatrix matrix) => (matrix.Groups + ChunkGroups(matrix) - 1) / ChunkGroups(matrix);

    private void Project(PackedMatrix matrix, NativeBuffer? bias, int chunk, float* target, int stride)
    {
        int first = chunk * ChunkGroups(matrix), end = Math.Min(first + ChunkGroups(matrix), matrix.Groups);
        ProductKernels.For(matrix.Type).Multiply(new Product(matrix, buffers.Normed, 0, tokens, target, stride, add: false), first, end);
        if (bias is null) return;
        int row = first * PackedMatrix.RowsPerGroup, rows = (end - first) * PackedMatrix.RowsPerGroup;
        for (int token = 0; token < tokens; token++) kernel.Add(target + ((long)token * stride) + row, (float*)bias.Pointer + row, rows);
    }

    /// <summary>Norms and turns queries and keys, scales queries, and writes keys and values to the cache.</summary>
    private void StoreHeads(int step, int layer, LayerWeights w)
    {
        int parts = tokens < FewTokens ? PartsOfFewTokens : 1;
        for (int item = team.Next(step); item < tokens * parts; item = team.Next(step))
        {
            int token = item / parts, part = item % parts;
            for (int head = part; head < settings.Shape.Heads; head += parts) FinishQuery(token, head, w);
            for (int head = part; head < settings.Shape.KeyValueHeads; head += parts) StoreKeyAndValue(token, head, layer, w);
        }

        team.Meet();
    }

    private void FinishQuery(int token, int head, LayerWeights w)
    {
        int width = settings.Shape.HeadWidth;
        float* query = buffers.Query(token) + (head * width);
        NormaliseHead(query, w.QueryNorm);
        rotary.Turn(token, query);
        for (int i = 0; i < width; i++) query[i] *= queryScale;
    }

    private void StoreKeyAndValue(int token, int head, int layer, LayerWeights w)
    {
        int offset = head * settings.Shape.HeadWidth;
        var (_, position, slot, _) = batch[token];
        float* key = buffers.Key(token) + offset;
        NormaliseHead(key, w.KeyNorm);
        rotary.Turn(token, key);
        cache.WriteKey(layer, slot, head, position, key);
        cache.WriteValue(layer, slot, head, position, buffers.Value(token) + offset);
    }

    /// <summary>Heads stand side by side without padding, so this one norm goes column by column.</summary>
    private void NormaliseHead(float* head, NativeBuffer? norm)
    {
        if (norm is null) return;
        int width = settings.Shape.HeadWidth;
        float sum = 0, scale;
        for (int i = 0; i < width; i++) sum += head[i] * head[i];
        scale = 1f / MathF.Sqrt((sum / width) + settings.Epsilon);
        for (int i = 0; i < width; i++) head[i] *= scale * ((float*)norm.Pointer)[i];
    }

    private void Attend(int step, int member, int layer, LayerWeights w)
    {
        var forms = Activations.FormFor(w.AttentionOutput.Type);
        int width = settings.Shape.HeadWidth;
        for (int index = team.Next(step); index < attention.Count; index = team.Next(step))
        {
            var item = attention[index];
            kernel.Attend(UnitOf(item, layer), buffers.Scratch(member));
            if (!PreparesPerHead(forms)) continue;
            for (int token = item.Token; token < item.Token + item.Tokens; token++)
            {
                kernel.Prepare(buffers.Attended(token), buffers.Inner, token, item.Head * width, (item.Head + item.Heads) * width, forms);
            }
        }

        team.Meet();
    }

    private AttentionUnit UnitOf(AttentionItem item, int layer)
    {
        var (_, position, slot, _) = batch[item.Token];
        int width = settings.Shape.HeadWidth, shared = item.Head / settings.HeadGroup;
        bool manyTokens = item.Tokens > 1;
        return new AttentionUnit
        {
            Keys = cache.Keys(layer, slot, shared),
            Values = cache.Values(layer, slot, shared),
            Width = width,
            ValueStride = cache.ValueStride,
            Queries = Math.Max(item.Tokens, item.Heads),
            Query = buffers.Query(item.Token) + (item.Head * width),
            QueryStride = manyTokens ? buffers.QueryStride : width,
            Output = buffers.Attended(item.Token) + (item.Head * width),
            OutputStride = manyTokens ? buffers.QueryStride : width,
            Length = position + 1,
            LengthStep = manyTokens ? 1 : 0,
        };
    }

    /// <summary>Blocks of 32 must not span heads that different members attend to.</summary>
    private bool PreparesPerHead(ActivationForms forms) => forms != ActivationForms.Blocks || settings.Shape.HeadWidth % PackedMatrix.BlockColumns == 0;

    private void PrepareAttended(int step, LayerWeights w)
    {
        var forms = Activations.FormFor(w.AttentionOutput.Type);
        if (PreparesPerHead(forms)) return;
        for (int token = team.Next(step); token < tokens; token = team.Next(step))
        {
            kernel.Prepare(buffers.Attended(token), buffers.Inner, token, 0, settings.QueryColumns, forms);
        }

        team.Meet();
    }

    private void AddProduct(int step, PackedMatrix matrix)
    {
        var product = new Product(matrix, buffers.Inner, 0, tokens, buffers.Residual(0), buffers.Width, add: true);
        int groups = ChunkGroups(matrix);
        for (int first = team.Next(step) * groups; first < matrix.Groups; first = team.Next(step) * groups)
        {
            ProductKernels.For(matrix.Type).Multiply(product, first, Math.Min(first + groups, matrix.Groups));
        }

        team.Meet();
    }

    /// <summary>Gate and up of the same rows by the same member, gated and prepared on the spot while they are in its cache.</summary>
    private void FeedForward(int step, int member, LayerWeights w)
    {
        int groups = ChunkGroups(w.Gate), stride = groups * PackedMatrix.RowsPerGroup;
        float* gate = buffers.Scratch(member), up = gate + ((long)tokens * stride);
        var forms = Activations.FormFor(w.Down.Type);
        for (int first = team.Next(step) * groups; first < w.Gate.Groups; first = team.Next(step) * groups)
        {
            int end = Math.Min(first + groups, w.Gate.Groups), row = first * PackedMatrix.RowsPerGroup;
            int lastColumn = Math.Min(end * PackedMatrix.RowsPerGroup, settings.Shape.FeedForwardWidth);
            ProductKernels.For(w.Gate.Type).Multiply(new Product(w.Gate, buffers.Normed, 0, tokens, gate - row, stride, add: false), first, end);
            ProductKernels.For(w.Up.Type).Multiply(new Product(w.Up, buffers.Normed, 0, tokens, up - row, stride, add: false), first, end);
            for (int token = 0; token < tokens; token++)
            {
                long start = (long)token * stride;
                kernel.Gate(gate + start, up + start, (end - first) * PackedMatrix.RowsPerGroup);
                kernel.Prepare(gate + start - row, buffers.Inner, token, row, lastColumn, forms);
            }
        }

        team.Meet();
    }

    private void NormaliseOutputs(int step)
    {
        for (int index = team.Next(step); index < outputs.Count; index = team.Next(step))
        {
            NormaliseRow(buffers.Residual(outputs.Token(index)), weights.OutputNorm, index, Activations.FormFor(weights.Output.Type));
            if (!outputs.IsHidden(index)) continue;
            new ReadOnlySpan<float>(buffers.Normed.Values(index), settings.Shape.Width).CopyTo(new Span<float>(output + outputs.Offset(index), settings.Shape.Width));
        }

        team.Meet();
    }

    private void Score(int step, int member)
    {
        if (outputs.Count == 0) return;
        var matrix = weights.Output;
        int groups = RowChunks.Groups(outputs.Count, matrix.Groups, team.Members);
        for (int first = team.Next(step) * groups; first < matrix.Groups; first = team.Next(step) * groups)
        {
            int end = Math.Min(first + groups, matrix.Groups);
            if (outputs.AllLogits)
            {
                ScoreRows(matrix, 0, outputs.Count, first, end, member);
                continue;
            }

            for (int index = 0; index < outputs.Count; index++)
            {
                if (!outputs.IsHidden(index)) ScoreRows(matrix, index, 1, first, end, member);
            }
        }
    }

    /// <summary>The caller's rows end with the vocabulary, so a last group that is partly empty goes by way of scratch.</summary>
    private void ScoreRows(PackedMatrix matrix, int index, int count, int first, int end, int member)
    {
        const int rows = PackedMatrix.RowsPerGroup;
        int whole = Math.Min(end, matrix.Rows / rows), stride = settings.Shape.Vocabulary;
        var kernelOfType = ProductKernels.For(matrix.Type);
        float* target = output + outputs.Offset(index);
        if (whole > first) kernelOfType.Multiply(new Product(matrix, buffers.Normed, index, count, target, stride, add: false), first, whole);
        if (whole == end) return;
        float* scratch = buffers.Scratch(member);
        kernelOfType.Multiply(new Product(matrix, buffers.Normed, index, count, scratch - (whole * rows), rows, add: false), whole, end);
        for (int row = 0; row < count; row++)
        {
            for (int i = whole * rows; i < matrix.Rows; i++) target[((long)row * stride) + i] = scratch[(row * rows) + i - (whole * rows)];
        }
    }
}
