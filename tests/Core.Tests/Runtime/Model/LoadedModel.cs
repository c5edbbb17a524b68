using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Model;

namespace Core.Tests.Runtime.Model;

/// <summary>A tiny model written, opened and loaded, and all of it gone again at the end.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly string path;

    public LoadedModel(TinyModel description, ModelOptions? options = null)
    {
        Description = description;
        path = TinyGguf.WriteTemporary(description);
        try
        {
            File = GgufFile.Open(path);
            Model = LanguageModel.Load(File, options ?? new ModelOptions(Slots: 4, ContextLength: 64, Threads: 2, MaxBatch: 64));
        }
        catch
        {
            File?.Dispose();
            System.IO.File.Delete(path);
            throw;
        }
    }

    public TinyModel Description { get; }

    public GgufFile File { get; }

    public LanguageModel Model { get; }

    /// <summary>Runs a batch and returns all it asks for.</summary>
    public float[] Run(params BatchToken[] batch)
    {
        var output = new float[batch.Sum(token => token.Output switch
        {
            BatchOutput.Logits => Model.Shape.Vocabulary,
            BatchOutput.Hidden => Model.Shape.Width,
            _ => 0,
        })];
        Model.Forward(batch, output);
        return output;
    }

    public void Dispose()
    {
        Model.Dispose();
        File.Dispose();
        System.IO.File.Delete(path);
    }
}
