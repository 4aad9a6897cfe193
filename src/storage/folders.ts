/** Where everything of this origin lies in its private file system. Windows read there too, so no handle code here. */
export const SLOT_FOLDER = 'benchseal/slots';
export const DATABASE_FOLDER = 'benchseal/db';
export const MARKER_FOLDER = 'benchseal/marks';
