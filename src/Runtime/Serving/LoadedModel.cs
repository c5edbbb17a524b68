using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Model;
using Amalgam.Runtime.Sampling;
using Amalgam.Runtime.Serving.Batching;
using Amalgam.Runtime.Templates;
using Amalgam.Runtime.Tokenizing;

namespace Amalgam.Runtime.Serving;

/// <summary>A model that is ready to answer, with everything around it that requests need.</summary>
public sealed class LoadedModel : IDisposable
{
    private readonly ILanguageModel model;
    private readonly IDisposable? file;

    public LoadedModel(string name, ILanguageModel model, Tokenizer tokenizer, ChatTemplate template, Pooling pooling, LoopLimits limits, TimeProvider time, IDisposable? file = null)
    {
        (Name, this.model, Tokenizer, Template, Pooling, this.file) = (name, model, tokenizer, template, pooling, file);
        Candidates = new CandidateList(model.Shape.Vocabulary);
        Created = time.GetUtcNow();
        Loop = new GenerationLoop(model, limits, time);
    }

    /// <summary>What requests call it.</summary>
    public string Name { get; }

    public DateTimeOffset Created { get; }

    public ModelShape Shape => model.Shape;

    public int Slots => model.Slots;

    /// <summary>Tokens of prompt and answer together.</summary>
    public int ContextLength => model.ContextLength;

    public Tokenizer Tokenizer { get; }

    public ChatTemplate Template { get; }

    public Pooling Pooling { get; }

    public GenerationLoop Loop { get; }

    public MemoryEstimate? Memory { get; init; }

    internal CandidateList Candidates { get; }

    /// <exception cref="ModelFormatException">The file cannot be served; the message says why and what to do.</exception>
    public static LoadedModel Load(RuntimeOptions options, TimeProvider time)
    {
        var file = GgufFile.Open(options.ModelPath);
        LanguageModel? model = null;
        try
        {
            var tokenizer = Tokenizer.Read(file.Metadata);
            var template = ChatTemplate.Read(file.Metadata, tokenizer.Vocabulary);
            var sizes = SizesOf(options, file);
            model = LanguageModel.Load(file, sizes);
            if (tokenizer.Vocabulary.Count > model.Shape.Vocabulary)
            {
                throw new ModelFormatException(
                    $"{file.Path} cannot be run: its tokenizer has {tokenizer.Vocabulary.Count} tokens and its weights {model.Shape.Vocabulary}. Convert the model again.");
            }

            var name = options.Name ?? Path.GetFileNameWithoutExtension(options.ModelPath);
            return new LoadedModel(name, model, tokenizer, template, PoolingOf(file), new LoopLimits { Waiting = options.Waiting }, time, file)
            {
                Memory = MemoryEstimate.ForModel(file, sizes.Slots, sizes.ContextLength, sizes.MaxBatch, sizes.EffectiveThreads),
            };
        }
        catch
        {
            model?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Loop.Dispose();
        model.Dispose();
        file?.Dispose();
    }

    private static ModelOptions SizesOf(RuntimeOptions options, GgufFile file)
    {
        var trained = file.Metadata.Integer($"{file.Architecture}.context_length", 2048, 1);
        if (options.ContextLength > trained)
        {
            throw new ModelFormatException($"{file.Path} was trained for {trained} tokens; ask for a context of at most that (--context), not {options.ContextLength}.");
        }

        var context = options.ContextLength > 0 ? options.ContextLength : Math.Min(trained, RuntimeOptions.DefaultContextLength);
        return new ModelOptions(options.Slots, context, options.Threads, RuntimeOptions.MaxBatch);
    }

    private static Pooling PoolingOf(GgufFile file) => file.Metadata.Integer($"{file.Architecture}.pooling_type", (int)Pooling.Mean) switch
    {
        2 => Pooling.First,
        3 => Pooling.Last,
        _ => Pooling.Mean,
    };
}
