using Amalgam.ControlPlane.Commands;
using Amalgam.Core.Access;

namespace Amalgam.ControlPlane.State;

/// <summary>Keys to callers.</summary>
public sealed class Callers(Cloud cloud)
{
    /// <summary>Null for a key that is unknown, expired or revoked.</summary>
    public Caller? Find(string presentedKey)
    {
        if (presentedKey.Length is 0 or > 256)
        {
            return null;
        }

        var hash = ChangeKeys.Hash(presentedKey);
        var key = cloud.Read(state => state.KeyByHash(hash));
        return key is not null && key.IsValid(cloud.NowMs) ? new Caller(key.Id, key.Unit, key.Role) : null;
    }
}
