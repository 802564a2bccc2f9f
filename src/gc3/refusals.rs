//! The errors of rooms and their service, one constant for each row of PROFILE's table of errors: type and condition
//! stand here and nowhere else.

use crate::codec::{Condition as C, ErrorType as T, StanzaError};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $type_:ident $condition:ident;)*) => {
        $($(#[$doc])* pub(crate) const $name: StanzaError<'static> = StanzaError::new(T::$type_, C::$condition);)*
    };
}

refusals! {
    /// A form is broken, a set is mixed, a request cannot be read.
    BAD_REQUEST = Modify BadRequest;
    /// Something is taken, or would leave nobody to undo it.
    CONFLICT = Cancel Conflict;
    /// A right is missing.
    FORBIDDEN = Auth Forbidden;
    /// The room has no space.
    FULL = Wait ServiceUnavailable;
    /// The room is destroyed, or the address is an alias.
    GONE = Cancel Gone;
    /// A mandatory field is missing, or a nickname is refused.
    INCOMPLETE = Modify NotAcceptable;
    /// The sender's address has two spellings.
    JID_MALFORMED = Modify JidMalformed;
    /// An account did not answer a relayed request.
    LATE = Wait RemoteServerTimeout;
    /// Rank, or an option that is fixed.
    NOT_ALLOWED = Cancel NotAllowed;
    /// There is no such name, participant or message; or nobody may know that there is.
    NOT_FOUND = Cancel ItemNotFound;
    /// Only participants may do this.
    NOT_IN = Cancel NotAcceptable;
    /// The archive does not know such a field.
    NOT_OFFERED = Cancel FeatureNotImplemented;
    /// One has to be on the access list.
    NOT_ON_LIST = Auth RegistrationRequired;
    /// The password is missing or wrong.
    PASSWORD = Auth NotAuthorized;
    /// The host did not answer.
    SILENT = Wait InternalServerError;
    /// A rate is exceeded.
    TOO_FAST = Wait PolicyViolation;
    /// A size is exceeded.
    TOO_LARGE = Modify PolicyViolation;
    /// A number is exceeded.
    TOO_MANY = Wait ResourceConstraint;
    /// Nobody here understands it, or will do it.
    UNAVAILABLE = Cancel ServiceUnavailable;
}
